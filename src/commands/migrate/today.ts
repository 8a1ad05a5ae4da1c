/** The day as YYYY-MM-DD (UTC), as the catalogue of models writes it. */
export function today(): string {
  return new Date().toISOString().slice(0, 10);
}
