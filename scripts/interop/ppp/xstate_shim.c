/* Preloaded into user-mode Linux (Debian 12: kernel 6.1) on processors whose extended register state is larger than the
 * buffer that this kernel was built with (AMX tiles alone are 8 KiB). The host refuses to set a part of that state, and the
 * guest's first process dies of it. Here a short PTRACE_SETREGSET becomes a whole one: what the tracee has, with the
 * caller's part laid over it.
 *
 * cc -O2 -fPIC -shared -o xstate_shim.so xstate_shim.c
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef NT_X86_XSTATE
#define NT_X86_XSTATE 0x202
#endif

static long set_whole_state(pid_t pid, const struct iovec *part)
{
	static unsigned char state[65536] __attribute__((aligned(64)));
	struct iovec whole = { state, sizeof state };

	if (syscall(SYS_ptrace, PTRACE_GETREGSET, (long)pid, (void *)NT_X86_XSTATE, &whole) != 0 ||
	    whole.iov_len <= part->iov_len)
		whole = *part;
	else
		memcpy(state, part->iov_base, part->iov_len);
	return syscall(SYS_ptrace, PTRACE_SETREGSET, (long)pid, (void *)NT_X86_XSTATE, &whole);
}

long ptrace(enum __ptrace_request request, ...)
{
	va_list arguments;
	va_start(arguments, request);
	pid_t pid = va_arg(arguments, pid_t);
	void *address = va_arg(arguments, void *);
	void *data = va_arg(arguments, void *);
	va_end(arguments);

	if (request == PTRACE_SETREGSET && (long)address == NT_X86_XSTATE)
		return set_whole_state(pid, data);
	if (request == PTRACE_PEEKTEXT || request == PTRACE_PEEKDATA || request == PTRACE_PEEKUSER) {
		/* The C library returns the word itself. */
		long word = 0;
		if (syscall(SYS_ptrace, (long)request, (long)pid, address, &word) < 0)
			return -1;
		errno = 0;
		return word;
	}
	return syscall(SYS_ptrace, (long)request, (long)pid, address, data);
}
