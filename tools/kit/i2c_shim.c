/* Preloaded into a process, answers its /dev/i2c-N from the socket in NOCTURNE_I2C: see tools/i2c_shim.py.
 *
 * gcc -O2 -shared -fPIC -o i2c_shim.so i2c_shim.c -ldl
 *
 * One packet asks: u16 count, then for each message u16 address, u16 flags, u16 length, and its bytes if it writes.
 * One packet answers: i32 errno (0: none), then the bytes of all messages that read. SMBus calls are made of such
 * messages as the kernel's i2c_smbus_xfer_emulated does.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FUNCTIONS 0x0eff0009UL /* I2C and what the kernel emulates on top of it, as i2c-bcm2835 has */
#define FDS 1024
#define PACKET 65536

static char served[FDS];     /* file descriptors that are ours */
static uint16_t slave[FDS];  /* and the address each talks to */

static int attach(void)
{
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    strncpy(where.sun_path, getenv("NOCTURNE_I2C"), sizeof where.sun_path - 1);
    if (fd >= FDS || connect(fd, (struct sockaddr *)&where, sizeof where)) {
        close(fd);
        errno = ENOENT;
        return -1;
    }
    served[fd] = 1;
    return fd;
}

static int ours(const char *path)
{
    return getenv("NOCTURNE_I2C") && !strncmp(path, "/dev/i2c-", 9);
}

#define OPEN(name)                                                             \
    int name(const char *path, int flags, ...)                                 \
    {                                                                          \
        static int (*next)(const char *, int, ...);                            \
        va_list rest;                                                          \
        va_start(rest, flags);                                                 \
        int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0;      \
        va_end(rest);                                                          \
        if (!next)                                                             \
            next = dlsym(RTLD_NEXT, #name);                                    \
        return ours(path) ? attach() : next(path, flags, mode);                \
    }
OPEN(open)
OPEN(open64)

int close(int fd)
{
    static int (*next)(int);
    if (!next)
        next = dlsym(RTLD_NEXT, "close");
    if (fd >= 0 && fd < FDS)
        served[fd] = 0;
    return next(fd);
}

static int fail(int number)
{
    errno = number;
    return -1;
}

static int transfer(int fd, struct i2c_msg *messages, unsigned count)
{
    static __thread uint8_t packet[PACKET];
    size_t used = 2;
    memcpy(packet, &(uint16_t){count}, 2);
    for (unsigned i = 0; i < count; i++) {
        struct i2c_msg *m = messages + i;
        uint16_t head[3] = {m->addr, m->flags, m->len};
        if (used + sizeof head + m->len > PACKET)
            return fail(EINVAL);
        memcpy(packet + used, head, sizeof head);
        used += sizeof head;
        if (!(m->flags & I2C_M_RD)) {
            memcpy(packet + used, m->buf, m->len);
            used += m->len;
        }
    }
    if (send(fd, packet, used, MSG_NOSIGNAL) != (ssize_t)used)
        return fail(ENODEV);
    ssize_t got = recv(fd, packet, sizeof packet, 0);
    int32_t number;
    if (got < (ssize_t)sizeof number)
        return fail(ENODEV);
    memcpy(&number, packet, sizeof number);
    if (number)
        return fail(number);
    uint8_t *from = packet + sizeof number;
    for (unsigned i = 0; i < count; i++)
        if (messages[i].flags & I2C_M_RD) {
            memcpy(messages[i].buf, from, messages[i].len);
            from += messages[i].len;
        }
    return count;
}

static int smbus(int fd, struct i2c_smbus_ioctl_data *call)
{
    int reads = call->read_write == I2C_SMBUS_READ;
    union i2c_smbus_data *data = call->data;
    uint8_t out[I2C_SMBUS_BLOCK_MAX + 2] = {call->command}, in[I2C_SMBUS_BLOCK_MAX + 2];
    unsigned length = 0; /* of the data after the command */
    switch (call->size) {
    case I2C_SMBUS_QUICK:
    case I2C_SMBUS_BYTE:
        break;
    case I2C_SMBUS_BYTE_DATA:
        length = 1;
        out[1] = data->byte;
        break;
    case I2C_SMBUS_WORD_DATA:
        length = 2;
        out[1] = data->word & 0xff;
        out[2] = data->word >> 8;
        break;
    case I2C_SMBUS_I2C_BLOCK_DATA:
        length = data->block[0];
        if (length < 1 || length > I2C_SMBUS_BLOCK_MAX)
            return fail(EINVAL);
        memcpy(out + 1, data->block + 1, length);
        break;
    default:
        return fail(EOPNOTSUPP);
    }
    struct i2c_msg write = {slave[fd], 0, 1, out}, read = {slave[fd], I2C_M_RD, length, in};
    struct i2c_msg both[2] = {write, read};
    int done;
    if (call->size == I2C_SMBUS_QUICK) {
        both[0].len = 0;
        both[0].flags = reads ? I2C_M_RD : 0;
        done = transfer(fd, both, 1);
    } else if (call->size == I2C_SMBUS_BYTE) {
        both[1].len = 1;
        done = transfer(fd, both + reads, 1);
        if (done > 0 && reads)
            data->byte = in[0];
    } else if (reads) {
        done = transfer(fd, both, 2);
        if (done > 0 && call->size == I2C_SMBUS_BYTE_DATA)
            data->byte = in[0];
        else if (done > 0 && call->size == I2C_SMBUS_WORD_DATA)
            data->word = in[0] | in[1] << 8;
        else if (done > 0)
            memcpy(data->block + 1, in, length);
    } else {
        both[0].len = 1 + length;
        done = transfer(fd, both, 1);
    }
    return done < 0 ? -1 : 0;
}

int ioctl(int fd, unsigned long request, ...)
{
    static int (*next)(int, unsigned long, ...);
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (!next)
        next = dlsym(RTLD_NEXT, "ioctl");
    if (fd < 0 || fd >= FDS || !served[fd])
        return next(fd, request, argument);
    switch (request) {
    case I2C_SLAVE:
    case I2C_SLAVE_FORCE:
        if ((uintptr_t)argument > 0x7f)
            return fail(EINVAL);
        slave[fd] = (uintptr_t)argument;
        return 0;
    case I2C_FUNCS:
        *(unsigned long *)argument = FUNCTIONS;
        return 0;
    case I2C_SMBUS:
        return smbus(fd, argument);
    case I2C_RDWR: {
        struct i2c_rdwr_ioctl_data *all = argument;
        return all->nmsgs > I2C_RDWR_IOCTL_MAX_MSGS ? fail(EINVAL) : transfer(fd, all->msgs, all->nmsgs);
    }
    case I2C_PEC:
    case I2C_TENBIT:
    case I2C_TIMEOUT:
    case I2C_RETRIES:
        return 0;
    }
    return fail(ENOTTY);
}
