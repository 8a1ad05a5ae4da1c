// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A sound card of the kernel's that behaves as the HDMI socket of a Raspberry Pi does: its driver is
 * called vc4-hdmi and it takes frames of IEC 958 and no samples. Behind it is a screen with a sleepy
 * amplifier. Parameters, under /sys/module/hdmi_card/parameters:
 *
 *   screen     0: nothing is plugged in, and the socket cannot be opened (error 524)
 *   wake_ms    what the amplifier swallows of the sound that wakes it, milliseconds
 *   asleep_ms  the pause after which it sleeps, milliseconds
 *   swallowed  frames that were no silence, and that nobody heard
 *   heard      frames that were no silence, and that sounded
 *
 * It keeps real time by the kernel's clock, looked at every TICK_MS milliseconds.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/workqueue.h>
#include <sound/core.h>
#include <sound/initval.h>
#include <sound/pcm.h>

#define TICK_MS 10
#define CHANNELS 2
#define RATE_HZ 48000
/* A subframe's bits 4 to 27 are the sample; the others are status, parity and preamble. */
#define SAMPLE_BITS 0x0ffffff0u
#define NO_SCREEN 524

static int screen = 1;
module_param(screen, int, 0644);
static int wake_ms;
module_param(wake_ms, int, 0644);
static int asleep_ms = 2000;
module_param(asleep_ms, int, 0644);
static unsigned long swallowed;
module_param(swallowed, ulong, 0644);
static unsigned long heard;
module_param(heard, ulong, 0644);

struct socket_state {
	struct delayed_work tick;
	struct snd_pcm_substream *stream;
	bool running;
	ktime_t started;
	/* Frames played since the start. */
	u64 played;
	/* Frames until the amplifier is awake. */
	u64 asleep;
	/* When the last frame went out. */
	ktime_t fell_silent;
};

static struct platform_device *device;
static struct snd_card *card;
static struct socket_state state;

static const struct snd_pcm_hardware hardware = {
	.info = SNDRV_PCM_INFO_INTERLEAVED | SNDRV_PCM_INFO_MMAP | SNDRV_PCM_INFO_MMAP_VALID,
	.formats = SNDRV_PCM_FMTBIT_IEC958_SUBFRAME_LE,
	.rates = SNDRV_PCM_RATE_48000,
	.rate_min = RATE_HZ,
	.rate_max = RATE_HZ,
	.channels_min = CHANNELS,
	.channels_max = CHANNELS,
	.buffer_bytes_max = 512 * 1024,
	.period_bytes_min = 64 * 8,
	.period_bytes_max = 128 * 1024,
	.periods_min = 2,
	.periods_max = 1024,
};

/* What goes out of the socket: each frame is heard or swallowed, if it is no silence. */
static void play_until(struct socket_state *s, u64 now)
{
	struct snd_pcm_runtime *runtime = s->stream->runtime;
	const u32 *area = (const u32 *)runtime->dma_area;
	u64 at;

	for (at = s->played; at < now; at++) {
		const u32 *frame = area + CHANNELS * (at % runtime->buffer_size);
		bool sounds = ((frame[0] | frame[1]) & SAMPLE_BITS) != 0;

		if (s->asleep > 0) {
			s->asleep--;
			swallowed += sounds;
		} else {
			heard += sounds;
		}
	}
	s->played = now;
	s->fell_silent = ktime_get();
}

static void tick(struct work_struct *work)
{
	struct socket_state *s = container_of(to_delayed_work(work), struct socket_state, tick);
	u64 now, written;

	if (!READ_ONCE(s->running))
		return;
	now = div_u64(ktime_us_delta(ktime_get(), s->started) * RATE_HZ, 1000000);
	/* What was not written cannot be played: ALSA then finds the underrun, or the end, by itself. */
	written = s->played + snd_pcm_playback_hw_avail(s->stream->runtime);
	play_until(s, clamp(now, s->played, written));
	snd_pcm_period_elapsed(s->stream);
	if (READ_ONCE(s->running))
		schedule_delayed_work(&s->tick, msecs_to_jiffies(TICK_MS));
}

static int socket_open(struct snd_pcm_substream *stream)
{
	if (!screen)
		return -NO_SCREEN;
	stream->runtime->hw = hardware;
	state.stream = stream;
	return snd_pcm_hw_constraint_integer(stream->runtime, SNDRV_PCM_HW_PARAM_PERIODS);
}

static int socket_close(struct snd_pcm_substream *stream)
{
	return 0;
}

static int socket_prepare(struct snd_pcm_substream *stream)
{
	state.played = 0;
	return 0;
}

static int socket_trigger(struct snd_pcm_substream *stream, int command)
{
	switch (command) {
	case SNDRV_PCM_TRIGGER_START:
		if (ktime_ms_delta(ktime_get(), state.fell_silent) > asleep_ms)
			state.asleep = (u64)wake_ms * RATE_HZ / 1000;
		state.started = ktime_get();
		WRITE_ONCE(state.running, true);
		schedule_delayed_work(&state.tick, msecs_to_jiffies(TICK_MS));
		return 0;
	case SNDRV_PCM_TRIGGER_STOP:
		WRITE_ONCE(state.running, false);
		return 0;
	}
	return -EINVAL;
}

static int socket_sync_stop(struct snd_pcm_substream *stream)
{
	cancel_delayed_work_sync(&state.tick);
	return 0;
}

static snd_pcm_uframes_t socket_pointer(struct snd_pcm_substream *stream)
{
	return state.played % stream->runtime->buffer_size;
}

static const struct snd_pcm_ops ops = {
	.open = socket_open,
	.close = socket_close,
	.prepare = socket_prepare,
	.trigger = socket_trigger,
	.sync_stop = socket_sync_stop,
	.pointer = socket_pointer,
};

static int make_card(void)
{
	struct snd_pcm *pcm;
	int err = snd_card_new(&device->dev, -1, "vc4hdmi0", THIS_MODULE, 0, &card);

	if (err < 0)
		return err;
	strscpy(card->driver, "vc4-hdmi");
	strscpy(card->shortname, "vc4-hdmi-0");
	strscpy(card->longname, "vc4-hdmi-0");
	err = snd_pcm_new(card, "MAI PCM i2s-hifi-0", 0, 1, 0, &pcm);
	if (err < 0)
		return err;
	strscpy(pcm->name, "MAI PCM i2s-hifi-0");
	snd_pcm_set_ops(pcm, SNDRV_PCM_STREAM_PLAYBACK, &ops);
	err = snd_pcm_set_managed_buffer_all(pcm, SNDRV_DMA_TYPE_VMALLOC, NULL, 0, 0);
	return err < 0 ? err : snd_card_register(card);
}

static int __init plug_in(void)
{
	int err;

	INIT_DELAYED_WORK(&state.tick, tick);
	/* Long ago: it sleeps. */
	state.fell_silent = ktime_sub_ms(ktime_get(), 3600 * 1000);
	device = platform_device_register_simple("hdmi-card", -1, NULL, 0);
	if (IS_ERR(device))
		return PTR_ERR(device);
	err = make_card();
	if (err >= 0)
		return 0;
	if (card)
		snd_card_free(card);
	platform_device_unregister(device);
	return err;
}

static void __exit pull_out(void)
{
	snd_card_free(card);
	platform_device_unregister(device);
}

module_init(plug_in);
module_exit(pull_out);
MODULE_DESCRIPTION("The HDMI socket of a Raspberry Pi, and a sleepy amplifier behind it");
MODULE_LICENSE("Dual MIT/GPL");
