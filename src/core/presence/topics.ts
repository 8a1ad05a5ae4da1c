/**
 * Where an appliance is found at an MQTT broker. Its id comes from the machine, never from its name:
 * two of them may have the same name, and a name may be changed.
 */

export interface Topics {
  /** Says `online`, or `offline` by the broker's will; retained. */
  readonly availability: string;
  /** One JSON object (see state.ts), retained: `PREFIX/+/state` is the whole fleet. */
  readonly state: string;
  /** Presses of the button, never retained. */
  readonly button: string;
  readonly mute: string;
  readonly volume: string;
  readonly wake: string;
  readonly stop: string;
  readonly say: string;
  /** For all of a fleet: its owner says here which version is the newest. */
  readonly latestVersion: string;
  /** The discovery message of Home Assistant; null: it is not announced. */
  readonly discovery: string | null;
  /** Where Home Assistant says that it has started; null as above. */
  readonly birth: string | null;
}

/** `id`: letters, digits, `_`, `-`. `discovery`: empty for none. */
export function topicsOf(prefix: string, id: string, discovery: string): Topics {
  const base = `${prefix}/${id}`;
  return {
    availability: `${base}/availability`,
    state: `${base}/state`,
    button: `${base}/button`,
    mute: `${base}/mute/set`,
    volume: `${base}/volume/set`,
    wake: `${base}/wake`,
    stop: `${base}/stop`,
    say: `${base}/say`,
    latestVersion: `${prefix}/latest_version`,
    discovery: discovery === "" ? null : `${discovery}/device/${objectId(id)}/config`,
    birth: discovery === "" ? null : `${discovery}/status`,
  };
}

/** What everything of this appliance is called at Home Assistant and as a client of the broker. */
export function objectId(id: string): string {
  return `pipit_${id}`;
}

/** What is listened to. */
export function subscriptionsOf(topics: Topics): readonly string[] {
  const { mute, volume, wake, stop, say, birth } = topics;
  return [mute, volume, wake, stop, say, ...(birth === null ? [] : [birth])];
}

/** What is retained at the broker as long as it is not cleared. */
export function retainedOf({ availability, state, discovery }: Topics): readonly string[] {
  return [...(discovery === null ? [] : [discovery]), state, availability];
}
