/**
 * Reads a FlatBuffer that nobody has vouched for: tables, vectors and scalars, each offset checked
 * against the file before it is followed.
 *
 * Invariants: no read outside the bytes; nothing is followed in circles, because only the caller's
 * fixed schema is walked; a vector is never longer than the bytes that are left. Everything wrong
 * throws a BadModel with a sentence.
 */

/** Why a file is no model that can be run: a sentence for the owner. */
export class BadModel extends Error {
  constructor(message: string) {
    super(message);
    this.name = "BadModel";
  }
}

const FIELDS_MAX = 64;

/** A table: its fields are found through its vtable. */
export class Table {
  readonly #bytes: Bytes;
  readonly #at: number;
  readonly #vtable: number;
  readonly #fields: number;

  constructor(bytes: Bytes, at: number) {
    this.#bytes = bytes;
    this.#at = at;
    this.#vtable = at - bytes.int32(at);
    this.#fields = Math.min(FIELDS_MAX, (bytes.uint16(this.#vtable) - 4) >> 1);
  }

  /** Where the field's value is, or null where the table leaves it out. */
  #field(index: number): number | null {
    if (index >= this.#fields) return null;
    const offset = this.#bytes.uint16(this.#vtable + 4 + 2 * index);
    return offset === 0 ? null : this.#at + offset;
  }

  int8(index: number, otherwise: number): number {
    const at = this.#field(index);
    return at === null ? otherwise : this.#bytes.int8(at);
  }

  int32(index: number, otherwise: number): number {
    const at = this.#field(index);
    return at === null ? otherwise : this.#bytes.int32(at);
  }

  table(index: number): Table | null {
    const at = this.#field(index);
    return at === null ? null : new Table(this.#bytes, this.#bytes.follow(at));
  }

  /** The tables of a vector; none where the field is left out. Throws above `max` of them. */
  tables(index: number, max: number): readonly Table[] {
    return this.#vector(index, 4, max, (at) => new Table(this.#bytes, this.#bytes.follow(at)));
  }

  int32s(index: number, max: number): readonly number[] {
    return this.#vector(index, 4, max, (at) => this.#bytes.int32(at));
  }

  float32s(index: number, max: number): readonly number[] {
    return this.#vector(index, 4, max, (at) => this.#bytes.float32(at));
  }

  /** 64-bit numbers; those that do not fit 32 bits are refused. */
  int64s(index: number, max: number): readonly number[] {
    return this.#vector(index, 8, max, (at) => this.#bytes.int64(at));
  }

  /** The bytes of a vector, as they lie in the file; empty where the field is left out. */
  raw(index: number): Uint8Array {
    const at = this.#field(index);
    if (at === null) return new Uint8Array(0);
    const start = this.#bytes.follow(at);
    return this.#bytes.slice(start + 4, this.#bytes.uint32(start));
  }

  #vector<T>(index: number, size: number, max: number, each: (at: number) => T): readonly T[] {
    const at = this.#field(index);
    if (at === null) return [];
    const start = this.#bytes.follow(at);
    const count = this.#bytes.uint32(start);
    if (count > max) throw new BadModel(`a list of ${count} where ${max} are the most`);
    this.#bytes.slice(start + 4, count * size);
    return Array.from({ length: count }, (_, nth) => each(start + 4 + nth * size));
  }
}

/** The file. */
export class Bytes {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  root(): Table {
    return new Table(this, this.follow(0));
  }

  #checked(at: number, size: number): number {
    if (at >= 0 && at + size <= this.#bytes.length) return at;
    throw new BadModel("the file points outside itself: it is cut short or damaged");
  }

  int8(at: number): number {
    return this.#view.getInt8(this.#checked(at, 1));
  }

  uint16(at: number): number {
    return this.#view.getUint16(this.#checked(at, 2), true);
  }

  int32(at: number): number {
    return this.#view.getInt32(this.#checked(at, 4), true);
  }

  uint32(at: number): number {
    return this.#view.getUint32(this.#checked(at, 4), true);
  }

  float32(at: number): number {
    return this.#view.getFloat32(this.#checked(at, 4), true);
  }

  int64(at: number): number {
    const low = this.#view.getInt32(this.#checked(at, 8), true);
    const high = this.#view.getInt32(at + 4, true);
    if (high === low >> 31) return low;
    throw new BadModel("a number is too large");
  }

  /** The place that the offset at `at` means. */
  follow(at: number): number {
    return this.#checked(at + this.uint32(at), 4);
  }

  slice(at: number, length: number): Uint8Array {
    this.#checked(at, length);
    return this.#bytes.subarray(at, at + length);
  }
}
