/** The lists of a metrics record: bounded, so that no conversation makes a file that is too large. */

/** Entries kept of each list of one conversation; the oldest stay. */
export const LIST_MAX = 200;

/** The list with one more entry, if there is room. */
export function bounded<T>(list: readonly T[], entry: T): readonly T[] {
  return list.length < LIST_MAX ? [...list, entry] : list;
}
