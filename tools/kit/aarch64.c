/* A plug-in of qemu-user that counts the guest's instructions; it declares what it uses, so no header is needed.
 * gcc -shared -fPIC -O2 -o aarch64.so aarch64.c; qemu-aarch64 -plugin ./aarch64.so PROGRAM ends with "INSTRUCTIONS n".
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define EXPORT __attribute__((visibility("default")))
typedef uint64_t Id;
struct block;

extern void qemu_plugin_register_vcpu_tb_trans_cb(Id, void (*)(Id, struct block *));
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct block *, int operation, void *, uint64_t);
extern size_t qemu_plugin_tb_n_insns(const struct block *);
extern void qemu_plugin_register_atexit_cb(Id, void (*)(Id, void *), void *);

EXPORT int qemu_plugin_version = 1;
static uint64_t count;

static void translated(Id id, struct block *block)
{
	qemu_plugin_register_vcpu_tb_exec_inline(block, 0 /* add */, &count, qemu_plugin_tb_n_insns(block));
}

static void ended(Id id, void *data)
{
	fprintf(stderr, "INSTRUCTIONS %llu\n", (unsigned long long)count);
}

EXPORT int qemu_plugin_install(Id id, const void *info, int argc, char **argv)
{
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	return 0;
}
