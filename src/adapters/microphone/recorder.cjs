/**
 * The recorder that node-record-lpcm16 loads for us: how to run arecord. The package's own recorder
 * has 125 ms periods, a WAV header and no stderr of ours; this one has none of these.
 */
module.exports = (options) => ({
  cmd: options.program,
  args: [
    "-D",
    options.device,
    "-t",
    options.audioType,
    "-f",
    "S16_LE",
    "-r",
    String(options.sampleRate),
    "-c",
    String(options.channels),
    `--period-time=${options.periodTimeUs}`,
    `--buffer-time=${options.bufferTimeUs}`,
    "-",
  ],
  spawnOptions: {
    stdio: ["ignore", "pipe", "pipe"],
    // Its own group: a Ctrl-C at the terminal is for us, and we end it in our order.
    detached: true,
    env: { ...options.env, LC_ALL: "C" },
  },
});
