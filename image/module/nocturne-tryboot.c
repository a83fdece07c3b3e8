// SPDX-License-Identifier: GPL-2.0
/*
 * Tells the Raspberry Pi's firmware to read tryboot.txt once, after a restart with an argument that says so:
 * systemctl reboot --reboot-argument="0 tryboot". The Pi's own kernel does this itself (drivers/firmware/raspberrypi.c
 * there); the mainline kernel that Debian builds drops the argument.
 */
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/reboot.h>
#include <linux/string.h>
#include <soc/bcm2835/raspberrypi-firmware.h>

#define SET_REBOOT_FLAGS 0x00038064
#define TRYBOOT 1

static struct rpi_firmware *firmware;

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
	return register_reboot_notifier(&notifier);
}

static void __exit end(void)
{
	unregister_reboot_notifier(&notifier);
	rpi_firmware_put(firmware);
}

module_init(begin);
module_exit(end);
MODULE_DESCRIPTION("Starts the other system once");
MODULE_LICENSE("GPL");
