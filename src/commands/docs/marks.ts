/** A part of a document that is made, between two comments: `<!-- NAME:begin -->` and `<!-- NAME:end -->`. */

/** The document with `content` between its marks. Throws where they are missing: nothing is guessed. */
export function between(document: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`the document has no part ${begin} … ${end}`);
  return `${document.slice(0, from + begin.length)}\n${content}${document.slice(to)}`;
}
