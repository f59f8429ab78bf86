"""Content types that clients declare for files, beside the registered ones.

Where the name's extension and the content agree, the declared type adds little: operating systems
without the right program, old browsers and download managers declare what they know. These types
do not contradict; all others do.
"""

from __future__ import annotations

# Say nothing about the file.
VAGUE = frozenset(
    {
        "",
        "*/*",
        "application/*",
        "application/binary",
        "application/download",
        "application/force-download",
        "application/octet-stream",
        "application/octetstream",
        "application/save",
        "application/unknown",
        "application/x-binary",
        "application/x-download",
        "application/x-force-download",
        "application/x-octet-stream",
        "application/x-unknown",
        "binary/octet-stream",
        "content/unknown",
        "unknown/unknown",
    }
)
# Name the container only.
ZIP = frozenset(
    {
        "application/x-zip",
        "application/x-zip-compressed",
        "application/zip",
        "application/zip-compressed",
        "multipart/x-zip",
    }
)
OLE2 = frozenset(
    {
        "application/cdfv2",
        "application/cdfv2-encrypted",
        "application/encrypted",
        "application/msoffice",
        "application/vnd.ms-office",
        "application/x-cdf",
        "application/x-msoffice",
        "application/x-ole-storage",
    }
)
OPEN_XML_PACKAGE = frozenset(
    {
        "application/vnd.openxmlformats",
        "application/vnd.openxmlformats-officedocument",
        "application/vnd.openxmlformats-package.encrypted",
        "application/x-ooxml",
    }
)
# Name the program. Windows declares all its files alike, CSV files as Excel's own.
WORD = frozenset(
    {
        "application/doc",
        "application/msword",
        "application/vnd.ms-word",
        "application/vnd.msword",
        "application/winword",
        "application/word",
        "application/x-msword",
    }
)
EXCEL = frozenset(
    {
        "application/excel",
        "application/ms-excel",
        "application/msexcel",
        "application/vnd.ms-excel",
        "application/vnd.msexcel",
        "application/x-excel",
        "application/x-ms-excel",
        "application/x-msexcel",
        "application/x-xls",
        "application/xls",
        "application/xlsx",
    }
)
POWERPOINT = frozenset(
    {
        "application/ms-powerpoint",
        "application/mspowerpoint",
        "application/powerpoint",
        "application/vnd.ms-powerpoint",
        "application/vnd.mspowerpoint",
        "application/x-mspowerpoint",
        "application/x-powerpoint",
    }
)
PDF = frozenset(
    {
        "application/acrobat",
        "application/vnd.pdf",
        "application/x-pdf",
        "applications/vnd.pdf",
        "text/pdf",
        "text/x-pdf",
    }
)
TEXT = frozenset({"application/text", "application/txt", "text/*", "text/anytext", "text/plain"})
# Excel's "Unicode text" is separated by tabs.
TABLE = frozenset({"text/tab-separated-values", "text/x-tab-separated-values"})
MARKDOWN = frozenset(
    {
        "application/markdown",
        "application/x-markdown",
        "text/vnd.daringfireball.markdown",
        "text/x-markdown",
        "text/x-web-markdown",
    }
)
CSV = frozenset(
    {
        "application/csv",
        "application/x-csv",
        "text/comma-separated-values",
        "text/x-comma-separated-values",
        "text/x-csv",
    }
)
CAPTIONS = frozenset({"application/vtt", "application/x-vtt", "text/webvtt", "text/x-vtt"})
PNG = frozenset({"image/*", "image/apng", "image/vnd.mozilla.apng", "image/x-png"})
JPEG = frozenset(
    {"image/*", "image/jfif", "image/jpg", "image/pipeg", "image/pjpeg", "image/x-jpeg"}
)
GIF = frozenset({"image/*", "image/x-gif"})
WEBP = frozenset({"image/*", "image/x-webp"})
# Cameras and editors write both types with either extension, and telephones the 3GPP profile.
MP4 = frozenset(
    {
        "application/mp4",
        "application/quicktime",
        "audio/mp4",
        "image/mov",
        "video/*",
        "video/3gpp",
        "video/3gpp2",
        "video/mp4",
        "video/mpeg4",
        "video/quicktime",
        "video/x-m4v",
        "video/x-mp4",
        "video/x-quicktime",
    }
)
# WebM is a profile of Matroska.
WEBM = frozenset({"application/x-matroska", "audio/webm", "video/*", "video/x-matroska"})
# Browsers cannot tell sound from pictures by the extension .ogg and declare sound.
OGG = frozenset(
    {"application/ogg", "application/x-ogg", "audio/ogg", "audio/x-ogg", "video/*", "video/x-ogg"}
)
AVI = frozenset(
    {
        "application/x-troff-msvideo",
        "video/*",
        "video/avi",
        "video/msvideo",
        "video/vnd.avi",
        "video/x-avi",
    }
)
