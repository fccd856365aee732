"""ELF programs and libraries without their debug information.

Source: the ELF specification (System V gABI, chapters 4 and 5). The loader uses the program
headers alone; sections that no segment holds (.debug_*, .symtab, .strtab) and the section header
table serve debuggers and linkers, and lie behind the last segment.
"""

import struct

_ELF64_LITTLE = b"\x7fELF\x02\x01"
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
_SECTION_HEADER = struct.Struct("<IIQQQQIIQQ")
_NOBITS = 8


def without_debug_data(content: bytes) -> bytes:
    """The file up to the end of its last segment, without a section header table.

    Any other file comes back as it is, and so does one with a tail that no section accounts for:
    that is data of somebody's own.
    """
    if not content.startswith(_ELF64_LITTLE) or len(content) < _HEADER.size:
        return content
    header = list(_HEADER.unpack_from(content))
    phoff, shoff = header[5], header[6]
    phentsize, phnum, shentsize, shnum = header[9:13]
    if phentsize != _PROGRAM_HEADER.size or shentsize != _SECTION_HEADER.size or not shnum:
        return content
    segments_end = phoff + phnum * phentsize
    for index in range(phnum):
        _, _, offset, _, _, size, _, _ = _PROGRAM_HEADER.unpack_from(content, phoff + index * phentsize)
        segments_end = max(segments_end, offset + size)
    sections_end = shoff + shnum * shentsize
    for index in range(shnum):
        section = _SECTION_HEADER.unpack_from(content, shoff + index * shentsize)
        if section[1] != _NOBITS:
            sections_end = max(sections_end, section[4] + section[5])
    if sections_end != len(content) or shoff < segments_end:
        return content
    header[6] = header[11] = header[12] = header[13] = 0
    return _HEADER.pack(*header) + content[_HEADER.size : segments_end]
