// SPDX-License-Identifier: GPL-2.0
/*
 * Two words with the Raspberry Pi's firmware that the mainline kernel, which Debian builds, has none for.
 *
 * It is told to read tryboot.txt once, after a restart with an argument that says so:
 * systemctl reboot --reboot-argument="0 tryboot". The Pi's own kernel does this itself
 * (drivers/firmware/raspberrypi.c there).
 *
 * It is asked for the eight words of one-time memory that are the owner's, which root alone reads and writes as the
 * 32 bytes of /dev/nocturne-otp. A bit once written stays.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/reboot.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <soc/bcm2835/raspberrypi-firmware.h>

#define GET_CUSTOMER_OTP 0x00030021
#define SET_CUSTOMER_OTP 0x00038021
#define SET_REBOOT_FLAGS 0x00038064
#define TRYBOOT 1
#define ROWS 8

struct otp {
	u32 first;
	u32 count;
	u32 rows[ROWS];
};

static struct rpi_firmware *firmware;
static int no_otp;

static int restarting(struct notifier_block *block, unsigned long action, void *argument)
{
	u32 flags = TRYBOOT;
	int trouble;

	if (action != SYS_RESTART || !argument || !strstr(argument, "tryboot"))
		return NOTIFY_DONE;
	trouble = rpi_firmware_property(firmware, SET_REBOOT_FLAGS, &flags, sizeof(flags));
	if (trouble)
		pr_err("nocturne-tryboot: the firmware refuses (%d): the old system starts\n", trouble);
	return NOTIFY_OK;
}

static struct notifier_block notifier = { .notifier_call = restarting };

static ssize_t otp_read(struct file *file, char __user *to, size_t size, loff_t *at)
{
	struct otp otp = { .count = ROWS };
	ssize_t done = rpi_firmware_property(firmware, GET_CUSTOMER_OTP, &otp, sizeof(otp));

	if (!done)
		done = simple_read_from_buffer(to, size, at, otp.rows, sizeof(otp.rows));
	memzero_explicit(&otp, sizeof(otp));
	return done;
}

static ssize_t otp_write(struct file *file, const char __user *from, size_t size, loff_t *at)
{
	struct otp otp = { .count = ROWS };
	ssize_t trouble = -EFAULT;

	if (*at || size != sizeof(otp.rows))
		return -EINVAL;
	if (!copy_from_user(otp.rows, from, size))
		trouble = rpi_firmware_property(firmware, SET_CUSTOMER_OTP, &otp, sizeof(otp));
	memzero_explicit(&otp, sizeof(otp));
	return trouble ? trouble : (ssize_t)size;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.read = otp_read,
	.write = otp_write,
	.llseek = default_llseek,
};

static struct miscdevice otp_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "nocturne-otp",
	.fops = &operations,
	.mode = 0600,
};

static const struct of_device_id boards[] = {
	{ .compatible = "raspberrypi,bcm2835-firmware" },
	{}
};
MODULE_DEVICE_TABLE(of, boards);

static int __init begin(void)
{
	struct device_node *node = of_find_matching_node(NULL, boards);

	if (!node)
		return -ENODEV;
	firmware = rpi_firmware_get(node);
	of_node_put(node);
	if (!firmware)
		return -ENODEV;
	no_otp = misc_register(&otp_device);
	if (no_otp)
		pr_err("nocturne-tryboot: no /dev/nocturne-otp (%d)\n", no_otp);
	return register_reboot_notifier(&notifier);
}

static void __exit end(void)
{
	unregister_reboot_notifier(&notifier);
	if (!no_otp)
		misc_deregister(&otp_device);
	rpi_firmware_put(firmware);
}

module_init(begin);
module_exit(end);
MODULE_DESCRIPTION("Starts the other system once, and reads the owner's one-time memory");
MODULE_LICENSE("GPL");
