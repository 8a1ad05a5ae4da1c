/** Which conversations are compared: two families of models, or two models. */

import { modelNamed } from "../../core/models/catalogue.ts";
import type { SessionView } from "./view.ts";

export interface Side {
  /** `production`, `preview`, or the model's name. */
  readonly name: string;
  readonly sessions: readonly SessionView[];
  /** Models there are, the most used first. */
  readonly models: readonly string[];
  /** The model whose prices stand for the side. */
  readonly priceModel: string;
}

export interface Sides {
  readonly a: Side;
  readonly b: Side;
  /** Conversations of neither. */
  readonly others: number;
  /** Their models, the most used first. */
  readonly otherModels: readonly string[];
}

interface Family {
  readonly reference: string;
  readonly has: (model: string) => boolean;
}

/** A mini costs a third: among the full models it would be mistaken for progress. */
const FAMILIES: Readonly<Record<string, Family>> = {
  production: {
    reference: "gpt-realtime",
    has: (model) => /^gpt-realtime(-|$)/.test(model) && !model.includes("-mini"),
  },
  preview: {
    reference: "gpt-4o-realtime-preview",
    has: (model) => /^gpt-4o-realtime-preview(-|$)/.test(model),
  },
};

/** Sides named by family or model; a model stands for its dated snapshots, too. */
export function sidesOf(sessions: readonly SessionView[], names: readonly [string, string]): Sides {
  const [familyA, familyB] = [familyOf(names[0]), familyOf(names[1])];
  const a = sessions.filter(({ model }) => model !== null && familyA.has(model));
  const b = sessions.filter(({ model }) => model !== null && familyB.has(model));
  const rest = sessions.filter(
    ({ model }) => model === null || !(familyA.has(model) || familyB.has(model)),
  );
  return {
    a: sideOf(names[0], familyA, a),
    b: sideOf(names[1], familyB, b),
    others: rest.length,
    otherModels: modelsOf(rest),
  };
}

function familyOf(name: string): Family {
  const known = Object.hasOwn(FAMILIES, name) ? FAMILIES[name] : undefined;
  if (known !== undefined) return known;
  const named = modelNamed(name);
  return {
    reference: name,
    has: (model) =>
      model === name || (named !== null && named.name === name && modelNamed(model) === named),
  };
}

function sideOf(name: string, family: Family, sessions: readonly SessionView[]): Side {
  const models = modelsOf(sessions);
  const priced = models.find((model) => modelNamed(model) !== null);
  return { name, sessions, models, priceModel: priced ?? family.reference };
}

function modelsOf(sessions: readonly SessionView[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { model } of sessions) {
    if (model !== null) counts.set(model, (counts.get(model) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a).map(([model]) => model);
}
