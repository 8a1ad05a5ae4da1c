/**
 * Writes TensorFlow Lite files as small as they come, to try one operator, or one lie, at a time.
 * Every table stands before what it points to; every field takes four bytes.
 */

export type Field =
  | { readonly int: number }
  | { readonly bytes: ArrayLike<number> }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] }
  | { readonly longs: readonly number[] }
  | { readonly table: Fields }
  | { readonly tables: readonly Fields[] };

/** The fields of a table by their number in the schema; null leaves one out. */
export type Fields = readonly (Field | null)[];

export interface TinyTensor {
  readonly shape: readonly number[];
  /** int32 2, uint8 3, int8 9, resource 13. */
  readonly type: number;
  readonly scales?: readonly number[];
  readonly zero?: number;
  readonly constant?: ArrayLike<number>;
}

export interface TinyOperator {
  /** Its number in the schema. */
  readonly code: number;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly options?: Fields;
}

export interface TinyGraph {
  readonly tensors: readonly TinyTensor[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly operators: readonly TinyOperator[];
}

/** The file of one or more graphs. */
export function tinyModel(...graphs: readonly TinyGraph[]): Uint8Array {
  const codes = [...new Set(graphs.flatMap((graph) => graph.operators.map(({ code }) => code)))];
  const constants: ArrayLike<number>[] = [[]];
  const tensor = ({ shape, type, scales, zero = 0, constant }: TinyTensor): Fields => {
    if (constant !== undefined) constants.push(constant);
    const buffer = constant === undefined ? 0 : constants.length - 1;
    const quantization: Fields = [null, null, { floats: scales ?? [] }, { longs: [zero] }];
    return [{ ints: shape }, { int: type }, { int: buffer }, null, { table: quantization }];
  };
  const operator = ({ code, inputs, outputs, options }: TinyOperator): Fields => [
    { int: codes.indexOf(code) },
    { ints: inputs },
    { ints: outputs },
    null,
    options === undefined ? null : { table: options },
  ];
  const subgraphs = graphs.map(
    (graph): Fields => [
      { tables: graph.tensors.map(tensor) },
      { ints: graph.inputs },
      { ints: graph.outputs },
      { tables: graph.operators.map(operator) },
    ],
  );
  const buffers = constants.map((bytes): Fields => [{ bytes }]);
  const operatorCodes = codes.map(
    (code): Fields => [{ int: Math.min(code, 127) }, null, null, { int: code }],
  );
  return written([
    { int: 3 },
    { tables: operatorCodes },
    { tables: subgraphs },
    null,
    { tables: buffers },
  ]);
}

/** The bytes of 32-bit numbers. */
export function int32Bytes(numbers: readonly number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(numbers).buffer);
}

function written(root: Fields): Uint8Array {
  const writer = new Writer();
  const start = writer.room(4);
  writer.room(
    4,
    [..."TFL3"].map((letter) => letter.charCodeAt(0)),
  );
  writer.point(start, writer.table(root));
  return writer.bytes();
}

class Writer {
  readonly #bytes: number[] = [];

  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  /** Room for so many bytes, at a multiple of four; returns where. */
  room(length: number, content: ArrayLike<number> = []): number {
    while (this.#bytes.length % 4 !== 0) this.#bytes.push(0);
    const at = this.#bytes.length;
    for (let i = 0; i < length; i++) this.#bytes.push((content[i] ?? 0) & 255);
    return at;
  }

  int(at: number, value: number): void {
    for (let i = 0; i < 4; i++) this.#bytes[at + i] = (value >> (8 * i)) & 255;
  }

  point(from: number, to: number): void {
    this.int(from, to - from);
  }

  table(fields: Fields): number {
    const vtable = this.room(4 + 2 * fields.length);
    const size = 4 + 4 * fields.length;
    const at = this.room(size);
    this.int(at, at - vtable);
    const short = (where: number, value: number): void => {
      this.#bytes[where] = value & 255;
      this.#bytes[where + 1] = value >> 8;
    };
    short(vtable, 4 + 2 * fields.length);
    short(vtable + 2, size);
    for (const [nth, field] of fields.entries()) {
      short(vtable + 4 + 2 * nth, field === null ? 0 : 4 + 4 * nth);
      if (field !== null) this.#field(at + 4 + 4 * nth, field);
    }
    return at;
  }

  #field(at: number, field: Field): void {
    if ("int" in field) this.int(at, field.int);
    else if ("table" in field) this.point(at, this.table(field.table));
    else if ("tables" in field) this.#tables(at, field.tables);
    else if ("bytes" in field) this.point(at, this.#vector(field.bytes.length, field.bytes));
    else if ("ints" in field)
      this.point(at, this.#vector(field.ints.length, int32Bytes(field.ints)));
    else if ("floats" in field) {
      const content = new Uint8Array(Float32Array.from(field.floats).buffer);
      this.point(at, this.#vector(field.floats.length, content));
    } else {
      const halves = field.longs.flatMap((value) => [value, value < 0 ? -1 : 0]);
      this.point(at, this.#vector(field.longs.length, int32Bytes(halves)));
    }
  }

  #vector(count: number, content: ArrayLike<number>): number {
    const at = this.room(4 + content.length);
    this.int(at, count);
    for (let i = 0; i < content.length; i++) this.#bytes[at + 4 + i] = (content[i] ?? 0) & 255;
    return at;
  }

  #tables(at: number, tables: readonly Fields[]): void {
    const vector = this.room(4 + 4 * tables.length);
    this.int(vector, tables.length);
    this.point(at, vector);
    for (const [nth, fields] of tables.entries()) {
      this.point(vector + 4 + 4 * nth, this.table(fields));
    }
  }
}
