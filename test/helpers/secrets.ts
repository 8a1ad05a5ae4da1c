/** Made-up keys, each of another maker's shape; none of them opens anything. */

/** What must not be seen of each, whole or cut: its first characters after the maker's mark. */
export interface MadeUpKey {
  readonly maker: string;
  readonly key: string;
  readonly marker: string;
}

export const MADE_UP_KEYS: readonly MadeUpKey[] = [
  { maker: "OpenAI", key: `sk-proj-Ab3${"dEf5hIj7".repeat(6)}`, marker: "Ab3dEf5h" },
  { maker: "Picovoice", key: `${"Qw3rTy+/".repeat(6)}Zx9cVb==`, marker: "Qw3rTy" },
  {
    maker: "Home Assistant",
    key: `eyJhbGciOiJIUzI1NiIs.eyJpc3MiOiI5ZmE0${"Kj8m".repeat(12)}.vN3${"xY7_".repeat(8)}`,
    marker: "eyJhbGci",
  },
  { maker: "Google", key: `AIzaSyD${"8kLmN2pQ".repeat(4)}`, marker: "8kLmN2pQ" },
  { maker: "Amazon", key: `AKIA${"Q4RT7WXZ".repeat(2)}`, marker: "Q4RT7WXZ" },
  { maker: "Slack", key: `xoxb-${"4821".repeat(3)}-${"gT5hJk9L".repeat(3)}`, marker: "gT5hJk9L" },
  { maker: "GitHub", key: `ghp_${"m2Np4Qr6".repeat(4)}`, marker: "m2Np4Qr6" },
  { maker: "Hugging Face", key: `hf_${"WsXe3DcR".repeat(4)}`, marker: "WsXe3DcR" },
  { maker: "Stripe", key: `sk_live_${"8uJm7yHn".repeat(3)}`, marker: "8uJm7yHn" },
  { maker: "nobody known", key: `${"r5Tz9Uw1".repeat(5)}`, marker: "r5Tz9Uw1" },
];
