#!/usr/bin/env bash
# Calls every endpoint of an Akako LMS server and prints one line per check.
#
#   BASE_URL=https://akako.example.com/api ADMIN_TOKEN=… MENTOR_TOKEN=… LEARNER_TOKEN=… ./api-test.sh
#
# Needs bash, curl and base64. It makes a level of its own and takes it away at the end; the learner must
# not be a mentor and have no pending application. Ends with 1 if anything was not as promised.
set -uo pipefail

BASE_URL=${BASE_URL:-http://127.0.0.1:8000/api}
: "${ADMIN_TOKEN:?}" "${MENTOR_TOKEN:?}" "${LEARNER_TOKEN:?}"
SERVER=${BASE_URL%/api}
RUN=$RANDOM$RANDOM
FILES=$(mktemp -d)
trap 'rm -rf "$FILES"' EXIT
checks=0 failures=0 STATUS='' BODY='' CALL=''

# Every call keeps status and body, and waits once where the rate limit asks for it.
curl() {
    local try wait
    CALL="$2 ${3#"$SERVER"}"
    for try in 1 2; do
        STATUS=$(command curl -sS -m 60 -o "$FILES/body" -D "$FILES/head" -w '%{http_code}' "$@")
        BODY=$(tr -d '\0' < "$FILES/body")
        [[ $STATUS == 429 && $BODY == *RATE_LIMITED* && $try == 1 ]] || return 0
        wait=$(grep -i '^retry-after:' "$FILES/head" | tr -dc 0-9)
        sleep "${wait:-1}"
    done
}

# answered STATUS...: the last call had one of these statuses, and an envelope that fits.
answered() {
    local fits='"success":false'
    [[ $STATUS == 2* ]] && fits='"success":true'
    checks=$((checks + 1))
    if [[ " $* " == *" $STATUS "* && ($BODY == "{$fits"* || -n ${FILE:-}) ]]; then
        echo "ok    $STATUS $CALL"
    else
        failures=$((failures + 1))
        echo "FAIL  $STATUS $CALL, expected $*: ${BODY:0:300}"
    fi
}

# check STATUSES TOKEN METHOD PATH [JSON | curl's options...]
check() {
    local statuses=$1 token=$2 method=$3 path=$4
    local more=()
    shift 4
    [[ -n $token ]] && more+=(-H "Authorization: Bearer ${!token}")
    [[ ${1:-} == '{'* ]] && set -- -H 'Content-Type: application/json' -d "$1"
    curl -X "$method" "$BASE_URL$path" ${more[@]+"${more[@]}"} "$@"
    # shellcheck disable=SC2086 # several statuses may be expected
    answered $statuses
}

# The id of what the last call answered.
id() {
    [[ $BODY =~ \"data\":\{\"id\":\"([^\"]+)\" ]] && echo "${BASH_REMATCH[1]}"
}

# Test authentication
curl -X POST $BASE_URL/auth/sync \
-H "Content-Type: application/json" \
-d '{"userId": "user_123", "email": "test@example.com"}'
answered 200 201 422 # 422 where Clerk knows no user_123

# Test education levels
curl -X GET $BASE_URL/education/levels \
-H "Authorization: Bearer your_jwt_token"
answered 200

# Authentication
check 422 '' POST /auth/sync '{"userId": "user_123", "email": "invalid-email"}'
check 200 MENTOR_TOKEN GET /auth/profile
mentor=$(id)
check 200 LEARNER_TOKEN GET /auth/profile
learner=$(id)
check 401 '' GET /auth/profile
check 200 LEARNER_TOKEN PUT /auth/profile '{"imageUrl": "https://example.com/picture.png"}'
check 200 LEARNER_TOKEN GET /auth/quota

# User management
check 200 ADMIN_TOKEN GET '/users?page=1&limit=20&sort=createdAt&order=desc'
check 200 ADMIN_TOKEN GET '/users?search=john&role=LEARNER&status=ACTIVE'
check 403 LEARNER_TOKEN GET /users
check 200 ADMIN_TOKEN GET "/users/$learner"
check 200 ADMIN_TOKEN PUT "/users/$learner" '{"imageUrl": null}'
check 201 ADMIN_TOKEN POST "/users/$learner/roles" '{"role": "MENTOR"}'
check 200 ADMIN_TOKEN DELETE "/users/$learner/roles?role=MENTOR"

# Education
check 201 ADMIN_TOKEN POST /admin/education/levels "{\"name\": \"Test level $RUN\"}"
level=$(id)
check 409 ADMIN_TOKEN POST /admin/education/levels "{\"name\": \"Test level $RUN\"}"
check 200 ADMIN_TOKEN PUT "/admin/education/levels/$level" '{"description": "For a test"}'
check 201 ADMIN_TOKEN POST /admin/education/grades \
    "{\"educationLevelId\": \"$level\", \"name\": \"Grade 1\", \"level\": \"primary\"}"
grade=$(id)
check 200 ADMIN_TOKEN PUT "/admin/education/grades/$grade" '{"description": "For a test"}'
check 201 ADMIN_TOKEN POST /admin/education/subjects \
    "{\"gradeId\": \"$grade\", \"name\": \"Mathematics\", \"mentorId\": \"$mentor\"}"
subject=$(id)
check 200 MENTOR_TOKEN PUT "/admin/education/subjects/$subject" '{"description": "For a test"}'
check 201 MENTOR_TOKEN POST /admin/education/topics \
    "{\"subjectId\": \"$subject\", \"name\": \"Addition\", \"content\": \"1 + 1 = 2\"}"
topic=$(id)
check 200 MENTOR_TOKEN PUT "/admin/education/topics/$topic" '{"content": "1 + 1 makes 2"}'
check 200 '' GET "/education/levels/$level/grades"
check 200 '' GET "/education/grades/$grade/subjects"
check 200 '' GET "/education/subjects/$subject/topics"
check 200 '' GET "/education/topics/$topic"
check 200 '' GET "/education/levels/$level"
check 200 '' GET "/education/grades/$grade"
check 200 '' GET "/education/subjects/$subject"
check 200 '' GET '/search?q=addition'
check 200 MENTOR_TOKEN PUT "/admin/education/subjects/$subject/topic-order" "{\"topicIds\": [\"$topic\"]}"

# Files and videos
printf 'One and one is two.\n' > "$FILES/notes.txt"
printf '\0\0\0\x18ftypmp42\0\0\0\0mp42isom\0\0\0\x08free' > "$FILES/lesson.mp4"
check 201 MENTOR_TOKEN POST /s3/document/upload -F "file=@$FILES/notes.txt" -F "topicId=$topic" \
    -F 'metadata={"name": "Notes", "description": "Study material"}'
document=$(id)
check 200 MENTOR_TOKEN GET "/education/topics/$topic/documents"
check 403 LEARNER_TOKEN GET "/s3/document/stream?documentId=$document"
FILE=1 check 200 MENTOR_TOKEN GET "/s3/document/stream?documentId=$document"
FILE=1 check 206 MENTOR_TOKEN GET "/s3/document/stream?documentId=$document" -H 'Range: bytes=0-2'
check 403 LEARNER_TOKEN POST "/s3/document/$document/link"
check 201 MENTOR_TOKEN POST "/s3/document/$document/link"
[[ $BODY =~ /media/([^\"]+) ]] && link=${BASH_REMATCH[1]}
FILE=1 check 200 '' GET "/media/$link"
link=forged
check 401 '' GET "/media/$link"
check 201 MENTOR_TOKEN PUT "/admin/education/topics/$topic/video" -F "video=@$FILES/lesson.mp4"
FILE=1 check 200 MENTOR_TOKEN GET "/education/topics/$topic/video"
check 201 MENTOR_TOKEN POST "/education/topics/$topic/video/link"
check 200 MENTOR_TOKEN PUT "/admin/education/topics/$topic/video/name" '{"fileName": "Addition.mp4"}'
check 200 MENTOR_TOKEN DELETE "/admin/education/topics/$topic/video"

# A file that arrives in two pieces, by the tus protocol
coded() { printf %s "$1" | base64 | tr -d '\n'; }
tus=(-H 'Tus-Resumable: 1.0.0')
bytes=("${tus[@]}" -H 'Content-Type: application/offset+octet-stream')
plan="kind $(coded document),topicId $(coded "$topic"),filename $(coded pieces.txt)"
begin=("${tus[@]}" -H 'Upload-Length: 20' -H "Upload-Metadata: $plan")
check 200 '' OPTIONS /uploads
check 412 MENTOR_TOKEN POST /uploads -H 'Upload-Length: 20' -H "Upload-Metadata: $plan"
check 201 MENTOR_TOKEN POST /uploads "${begin[@]}"
upload=$(id)
FILE=1 check 204 MENTOR_TOKEN PATCH "/uploads/$upload" "${bytes[@]}" -H 'Upload-Offset: 0' -d 'One and one '
FILE=1 check 200 MENTOR_TOKEN HEAD "/uploads/$upload" "${tus[@]}" --head
check 409 MENTOR_TOKEN PATCH "/uploads/$upload" "${bytes[@]}" -H 'Upload-Offset: 0' -d 'One and one '
FILE=1 check 204 MENTOR_TOKEN PATCH "/uploads/$upload" "${bytes[@]}" -H 'Upload-Offset: 12' -d 'is two.!'
check 200 MENTOR_TOKEN GET "/uploads/$upload"
check 201 MENTOR_TOKEN POST /uploads "${begin[@]}"
upload=$(id)
FILE=1 check 204 MENTOR_TOKEN DELETE "/uploads/$upload" "${tus[@]}"

# Enrollment
check 201 LEARNER_TOKEN POST /enrollment/request "{\"subjectId\": \"$subject\"}"
enrollment=$(id)
check 409 LEARNER_TOKEN POST /enrollment/request "{\"subjectId\": \"$subject\"}"
check 200 LEARNER_TOKEN GET /enrollment/me
check 200 ADMIN_TOKEN GET "/admin/enrollment/pending?subjectId=$subject"
check 200 ADMIN_TOKEN GET "/admin/enrollment?subjectId=$subject"
check 200 ADMIN_TOKEN PUT "/admin/enrollment/$enrollment/approve"
FILE=1 check 200 LEARNER_TOKEN GET "/s3/document/stream?documentId=$document"
check 200 ADMIN_TOKEN POST "/admin/enrollment/$enrollment/reopen"
check 200 ADMIN_TOKEN PUT "/admin/enrollment/$enrollment/reject" '{"reason": "Full"}'
check 409 ADMIN_TOKEN PUT "/admin/enrollment/$enrollment/approve"
check 201 LEARNER_TOKEN POST /enrollment/request "{\"subjectId\": \"$subject\"}"
enrollment=$(id)
check 200 ADMIN_TOKEN POST /admin/enrollment/decisions \
    "{\"decisions\": [{\"id\": \"$enrollment\", \"decision\": \"approve\"}]}"

# Progress and notes
check 200 LEARNER_TOKEN PUT "/progress/topics/$topic" '{"positionSeconds": 30, "watched": [[0, 30]]}'
check 200 LEARNER_TOKEN GET "/progress/topics/$topic"
check 200 LEARNER_TOKEN POST /progress/batch \
    "{\"items\": [{\"topicId\": \"$topic\", \"markedDone\": true}]}"
check 200 LEARNER_TOKEN GET "/progress/me?subjectId=$subject"
check 200 LEARNER_TOKEN GET "/progress/me/subjects/$subject"
check 200 MENTOR_TOKEN GET /mentor/subjects
check 200 MENTOR_TOKEN GET "/mentor/subjects/$subject/learners"
check 201 LEARNER_TOKEN PUT "/notes/topics/$topic" '{"content": "Why?", "sharedWithMentor": true}'
note=$(id)
check 412 LEARNER_TOKEN PUT "/notes/topics/$topic" -H 'Content-Type: application/json' \
    -H 'If-None-Match: *' -d '{"content": "Why?"}'
check 404 ADMIN_TOKEN GET "/notes/topics/$topic"
check 200 LEARNER_TOKEN GET /notes
check 200 MENTOR_TOKEN GET /mentor/notes
check 200 MENTOR_TOKEN PUT "/mentor/notes/$note/reply" '{"content": "Because."}'
check 200 LEARNER_TOKEN GET "/notes/topics/$topic"
check 200 MENTOR_TOKEN DELETE "/mentor/notes/$note/reply"
check 200 LEARNER_TOKEN DELETE "/notes/topics/$topic"
check 200 LEARNER_TOKEN GET /auth/export
check 200 LEARNER_TOKEN POST "/enrollment/$enrollment/cancel"

# Mentor applications
check 201 LEARNER_TOKEN POST /mentor/apply '{"motivation": "I have taught for five years."}'
application=$(id)
check 200 LEARNER_TOKEN GET /mentor/applications/me
check 200 ADMIN_TOKEN GET /admin/mentor/pending
check 200 ADMIN_TOKEN PUT "/admin/mentor/$application/reject" '{"reason": "Tell us more"}'
check 201 LEARNER_TOKEN POST /mentor/apply '{"motivation": "I have taught for five years."}'
application=$(id)
check 200 ADMIN_TOKEN GET /admin/mentor
check 200 ADMIN_TOKEN PUT "/admin/mentor/$application/approve"
check 200 ADMIN_TOKEN POST "/admin/mentor/$application/reopen"
check 200 ADMIN_TOKEN POST /admin/mentor/decisions \
    "{\"decisions\": [{\"id\": \"$application\", \"decision\": \"approve\"}]}"
check 200 ADMIN_TOKEN DELETE "/users/$learner/roles?role=MENTOR"

# Webhooks: 401 without a signature, 503 where none are configured
check '401 503' '' POST /webhooks/clerk '{"type": "user.created", "data": {"id": "user_123"}}'

# Outgoing webhooks
check 200 ADMIN_TOKEN GET /integrations/event-types
check 403 MENTOR_TOKEN GET /integrations/event-types
check 422 ADMIN_TOKEN POST /integrations/webhooks '{"url": "https://10.0.0.1", "events": ["*"]}'
check 201 ADMIN_TOKEN POST /integrations/webhooks \
    '{"url": "https://hooks.example", "events": ["enrollment.*"], "isActive": false}'
endpoint=$(id)
check 200 ADMIN_TOKEN GET /integrations/webhooks
check 200 ADMIN_TOKEN GET "/integrations/webhooks/$endpoint"
check 200 ADMIN_TOKEN PUT "/integrations/webhooks/$endpoint" '{"events": ["*"]}'
check 200 ADMIN_TOKEN POST "/integrations/webhooks/$endpoint/rotate-secret"
check 200 ADMIN_TOKEN POST "/integrations/webhooks/$endpoint/ping"
[[ $BODY =~ \"deliveryId\":\"([^\"]+)\" ]] && delivery=${BASH_REMATCH[1]}
check 200 ADMIN_TOKEN GET "/integrations/webhooks/$endpoint/deliveries"
check 200 ADMIN_TOKEN GET "/integrations/webhooks/$endpoint/deliveries/$delivery"
check 200 ADMIN_TOKEN POST "/integrations/webhooks/$endpoint/deliveries/$delivery/replay"
check 200 ADMIN_TOKEN POST "/integrations/webhooks/$endpoint/replay" \
    '{"from": "2026-01-31T08:00:00Z"}'
check 200 ADMIN_TOKEN DELETE "/integrations/webhooks/$endpoint"

# Analytics
check 200 ADMIN_TOKEN GET /analytics/overview
check 403 MENTOR_TOKEN GET /analytics/overview
check 200 ADMIN_TOKEN GET /analytics/enrollments
FILE=1 check 200 ADMIN_TOKEN GET '/analytics/enrollments?format=csv'
check 200 ADMIN_TOKEN GET /analytics/active-learners
check 200 ADMIN_TOKEN GET /analytics/completion
check 200 ADMIN_TOKEN GET /analytics/storage
check 200 ADMIN_TOKEN GET /analytics/api-usage

# Notifications
check 200 ADMIN_TOKEN GET /notifications
[[ $BODY =~ \"data\":\[\{\"id\":\"([^\"]+)\" ]] && notification=${BASH_REMATCH[1]}
check 200 ADMIN_TOKEN GET /notifications/unread-count
check 200 ADMIN_TOKEN PUT "/notifications/$notification/read"
check 200 ADMIN_TOKEN POST /notifications/read-all

# Plans and operations
check 200 ADMIN_TOKEN PUT /admin/organizations/org_test '{"plan": "PRO"}'
check 200 ADMIN_TOKEN GET "/admin/audit?resourceId=$enrollment"
curl -X GET "$SERVER/health/live"
answered 200
curl -X GET "$SERVER/health/ready"
answered 200

# Deleting
check 200 MENTOR_TOKEN PUT "/admin/education/topics/$topic/documents/$document" '{"name": "Worksheet"}'
check 200 MENTOR_TOKEN DELETE "/admin/education/topics/$topic/documents/$document"
check 200 MENTOR_TOKEN POST "/admin/education/topics/$topic/documents/$document/restore"
check 200 MENTOR_TOKEN DELETE "/admin/education/topics/$topic"
check 200 ADMIN_TOKEN DELETE "/admin/education/subjects/$subject"
check 200 ADMIN_TOKEN DELETE "/admin/education/grades/$grade"
check 200 ADMIN_TOKEN DELETE "/admin/education/levels/$level"
check 200 ADMIN_TOKEN GET /admin/education/deleted
check 200 ADMIN_TOKEN POST "/admin/education/levels/$level/restore"
check 200 ADMIN_TOKEN POST "/admin/education/grades/$grade/restore"
check 200 ADMIN_TOKEN POST "/admin/education/subjects/$subject/restore"
check 200 MENTOR_TOKEN POST "/admin/education/topics/$topic/restore"
check 200 ADMIN_TOKEN DELETE "/admin/education/levels/$level?force=true"
check 404 ADMIN_TOKEN DELETE "/admin/education/levels/$level"

echo "$checks checks, $failures failures"
((failures == 0))
