/** Types of the npm package `systemd-notify` 1.0.0, which has none: as much of it as we use. */
declare module "systemd-notify" {
  interface NotifyFields {
    readonly ready?: boolean;
    readonly status?: string;
    readonly pid?: number;
  }
  /** Runs the program `systemd-notify`; rejects with a string (its stderr) or an Error. */
  function notify(fields: NotifyFields): Promise<unknown>;
  export = notify;
}
