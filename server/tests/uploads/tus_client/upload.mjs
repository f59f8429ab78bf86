// Uploads a file as an application would; prints what happened as one line of JSON.
// Arguments: endpoint, file, metadata and options of the client as JSON.
import { createReadStream, statSync } from 'node:fs'
import { Upload } from 'tus-js-client'

const [endpoint, path, metadata, options] = process.argv.slice(2)
const seen = { retries: 0, offsets: [], url: null, result: null }

const upload = new Upload(createReadStream(path), {
  endpoint,
  uploadSize: statSync(path).size,
  metadata: JSON.parse(metadata),
  retryDelays: Array(60).fill(200),
  ...JSON.parse(options),
  onShouldRetry: () => {
    seen.retries += 1
    return true
  },
  onChunkComplete: (size, accepted) => seen.offsets.push(accepted),
  onAfterResponse: (request, response) => {
    seen.result = response.getHeader('Upload-Result') ?? seen.result
  },
  onError: (error) => {
    console.error(String(error))
    process.exit(1)
  },
  onSuccess: () => {
    console.log(JSON.stringify({ ...seen, url: upload.url }))
  },
})
upload.start()
