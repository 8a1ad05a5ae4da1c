/** Figures as short texts for people: money, tokens, shares, times. */

/** Micro-dollars as `$0.0123`, `$12.30`, `$1234`. */
export function usdText(microUsd: number): string {
  const usd = microUsd / 1_000_000;
  const sign = usd < 0 ? "-" : "";
  const size = Math.abs(usd);
  return `${sign}$${size.toFixed(size < 0.99995 ? 4 : size < 999.995 ? 2 : 0)}`;
}

/** A count as `999`, `12.3k`, `4.56M`: at most five characters up to 999 million. */
export function countText(count: number): string {
  if (count < 1_000) return String(Math.round(count));
  const [size, unit] = count < 999_500 ? [count / 1_000, "k"] : [count / 1_000_000, "M"];
  return `${size.toFixed(size < 9.995 ? 2 : size < 99.95 ? 1 : 0)}${unit}`;
}

/** Milliseconds as a whole number, from a hundred seconds on as seconds. */
export function msText(ms: number): string {
  return ms < 99_999.5 ? String(Math.round(ms)) : `${Math.round(ms / 1_000)}s`;
}

/** 0 to 1 as `93%`; 100% and 0% only where it is so. */
export function shareText(share: number): string {
  if (share >= 1) return "100%";
  if (share <= 0) return "0%";
  return `${Math.min(99, Math.max(1, Math.round(share * 100)))}%`;
}

/** A change as `+12.3 %` or `−4.0 %`. */
export function changeText(change: number, minus = "−"): string {
  const percent = Math.abs(change * 100);
  const digits = percent.toFixed(percent < 1_000 ? 1 : 0);
  const sign = Number(digits) === 0 ? "±" : change < 0 ? minus : "+";
  return `${sign}${digits} %`;
}

/** A whole number with its thousands apart: `10,000`. */
export function groupedText(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `1 turn`, `2 turns`. */
export function pluralText(count: number, noun: string): string {
  return `${groupedText(count)} ${nounText(count, noun)}`;
}

export function nounText(count: number, noun: string): string {
  return count === 1 ? noun : `${noun}s`;
}
