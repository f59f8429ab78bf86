"""The encodings of form text, by the labels that clients declare."""

from __future__ import annotations

# A table instead of `codecs.lookup`, which imports modules and caches every name that is asked for.
# Encodings in which ASCII bytes mean other characters are left out: no form can be framed in them.
_ALIASES = {
    "utf-8": ("utf8", "us-ascii", "ascii"),
    # Browsers read this label as its superset (WHATWG Encoding Standard, section 4.2).
    "cp1252": ("iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1"),
    "shift_jis": ("shift-jis", "sjis", "ms_kanji"),
    "cp932": ("windows-31j", "ms932"),
    "euc_jp": ("euc-jp",),
    "gbk": ("gb2312",),
    "gb18030": (),
    "big5": (),
    "cp949": ("euc-kr", "ks_c_5601-1987"),
    "koi8_r": ("koi8-r",),
    "koi8_u": ("koi8-u",),
}
_LABELS = {
    **{
        f"{prefix}{number}": f"cp{number}"
        for number in range(1250, 1259)
        for prefix in ("windows-", "cp")
    },
    **{f"iso-8859-{part}": f"iso8859_{part}" for part in (*range(2, 12), *range(13, 17))},
    **{label: codec for codec, labels in _ALIASES.items() for label in (codec, *labels)},
}


def codec_of(label: str) -> str | None:
    """Return Python's name of an encoding, None if forms may not use it."""
    return _LABELS.get(label.strip().lower())
