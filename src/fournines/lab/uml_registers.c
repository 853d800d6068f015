/* A ptrace(2) for User-Mode-Linux that puts back a process's registers on processors which have more of them than
 * its kernel was made for. Loaded before the C library's (LD_PRELOAD), compiled by tcc without any header.
 *
 * The kernel of Debian 12 keeps 2696 bytes of a process's vector registers, all that AVX-512 has. Where the
 * processor has AMX besides (Intel since Sapphire Rapids) this computer's kernel takes 11008 bytes or nothing, and
 * answers EFAULT: "ptrace set fp regs failed", and the machine panics before its first process. What is missing is
 * given here as the state in which it begins. Nothing gets lost: a process has to ask for AMX by arch_prctl(2),
 * which that kernel refuses. Later kernels ask for the size themselves. */

typedef unsigned long size;

struct iovec {
    void *base;
    size length;
};

enum {
    GET_REGISTERS = 0x4204,   /* PTRACE_GETREGSET */
    SET_REGISTERS = 0x4205,   /* PTRACE_SETREGSET */
    EXTENDED_STATE = 0x202,   /* NT_X86_XSTATE */
    ROOM = 65536,
};

typedef long tracing(long request, long process, void *address, void *data);

void *dlsym(void *handle, const char *symbol);
void *memcpy(void *to, const void *from, size length);

/* All that this computer keeps of a process, in bytes; 0 where it does not say. */
static size whole_length(tracing *libc_ptrace, long process)
{
    static char unused[ROOM];
    struct iovec answer = {unused, ROOM};

    return libc_ptrace(GET_REGISTERS, process, (void *)EXTENDED_STATE, &answer) < 0 ? 0 : answer.length;
}

long ptrace(long request, long process, void *address, void *data)
{
    static tracing *libc_ptrace;
    static size wanted;
    static char whole[ROOM];   /* zeros behind what is given */
    struct iovec *given = data;

    if (!libc_ptrace)
        libc_ptrace = dlsym((void *)-1L, "ptrace");   /* RTLD_NEXT */
    if (request != SET_REGISTERS || address != (void *)EXTENDED_STATE)
        return libc_ptrace(request, process, address, data);
    if (!wanted)
        wanted = whole_length(libc_ptrace, process);
    if (given->length >= wanted)
        return libc_ptrace(request, process, address, data);
    memcpy(whole, given->base, given->length);
    return libc_ptrace(request, process, address, &(struct iovec){whole, wanted});
}
