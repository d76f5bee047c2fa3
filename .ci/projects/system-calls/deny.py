"""Runs a program to which the kernel denies system calls, as a seccomp profile does:
deny.py NUMBER,NUMBER... PROGRAM ARGUMENTS. For x86-64; the calls give EPERM."""

import ctypes
import os
import struct
import sys

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
LOAD, EQUALS, RETURN = 0x20, 0x15, 0x06
ALLOW, DENY = 0x7FFF0000, 0x00050000 | 1

numbers = [int(number) for number in sys.argv[1].split(",")]
program = [(LOAD, 0, 0, 0)]
for index, number in enumerate(numbers):
    program.append((EQUALS, len(numbers) - index, 0, number))
program += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, DENY)]

code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
filter = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))
libc = ctypes.CDLL(None, use_errno=True)
for arguments in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter, 0, 0)):
    if libc.prctl(*arguments) != 0:
        raise OSError(ctypes.get_errno(), "the kernel takes no filter")
os.execvp(sys.argv[2], sys.argv[2:])
