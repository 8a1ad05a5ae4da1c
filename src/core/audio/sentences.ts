/**
 * What Pipit says by itself, in each language it can say it in: the recordings are made of these by
 * `npm run sounds`. The words of the conversation are the model's; these are for when there is none.
 */

import type { FaultSound } from "./fault-sounds.ts";

/** A sentence by name: those about faults, and the few others. */
export type SpokenSound = FaultSound | "one-moment" | "muted";

export const SPOKEN_LANGUAGES = ["en", "de", "fr", "es", "it", "nl"] as const;
export type SpokenLanguage = (typeof SPOKEN_LANGUAGES)[number];

export const SENTENCES: Readonly<Record<SpokenLanguage, Readonly<Record<SpokenSound, string>>>> = {
  en: {
    "no-network": "I cannot reach the internet.",
    "bad-key": "The key of this device was refused.",
    "no-credit": "There is no credit left.",
    busy: "The service is busy. Please try again in a moment.",
    "model-retired": "No model answers any more. The settings need a new one.",
    "no-microphone": "I cannot hear the microphone.",
    "budget-near": "Most of today's budget is spent.",
    "budget-spent": "Today's budget is spent.",
    error: "Something went wrong. The journal says more.",
    "one-moment": "One moment.",
    muted: "I am muted, so I am not listening.",
  },
  de: {
    "no-network": "Ich erreiche das Internet nicht.",
    "bad-key": "Der Schlüssel dieses Geräts wurde abgelehnt.",
    "no-credit": "Das Guthaben ist aufgebraucht.",
    busy: "Der Dienst ist überlastet. Bitte versuche es gleich noch einmal.",
    "model-retired": "Kein Modell antwortet mehr. Die Einstellungen brauchen ein neues.",
    "no-microphone": "Ich höre das Mikrofon nicht.",
    "budget-near": "Der größte Teil des heutigen Budgets ist ausgegeben.",
    "budget-spent": "Das heutige Budget ist ausgegeben.",
    error: "Etwas ist schiefgegangen. Im Protokoll steht mehr.",
    "one-moment": "Einen Moment.",
    muted: "Ich bin stumm geschaltet und höre nicht zu.",
  },
  fr: {
    "no-network": "Je n'arrive pas à joindre Internet.",
    "bad-key": "La clé de cet appareil a été refusée.",
    "no-credit": "Il n'y a plus de crédit.",
    busy: "Le service est occupé. Réessayez dans un instant.",
    "model-retired": "Plus aucun modèle ne répond. Il en faut un nouveau dans les réglages.",
    "no-microphone": "Je n'entends pas le microphone.",
    "budget-near": "La plus grande partie du budget du jour est dépensée.",
    "budget-spent": "Le budget du jour est dépensé.",
    error: "Quelque chose s'est mal passé. Le journal en dit plus.",
    "one-moment": "Un instant.",
    muted: "Je suis en sourdine et je n'écoute pas.",
  },
  es: {
    "no-network": "No puedo conectarme a Internet.",
    "bad-key": "La clave de este aparato ha sido rechazada.",
    "no-credit": "No queda saldo.",
    busy: "El servicio está ocupado. Inténtalo de nuevo en un momento.",
    "model-retired": "Ya no responde ningún modelo. Hace falta uno nuevo en los ajustes.",
    "no-microphone": "No oigo el micrófono.",
    "budget-near": "Casi todo el presupuesto de hoy está gastado.",
    "budget-spent": "El presupuesto de hoy está gastado.",
    error: "Algo ha salido mal. El registro dice más.",
    "one-moment": "Un momento.",
    muted: "Estoy en silencio y no escucho.",
  },
  it: {
    "no-network": "Non riesco a raggiungere Internet.",
    "bad-key": "La chiave di questo dispositivo è stata rifiutata.",
    "no-credit": "Il credito è esaurito.",
    busy: "Il servizio è occupato. Riprova tra un momento.",
    "model-retired": "Nessun modello risponde più. Nelle impostazioni ne serve uno nuovo.",
    "no-microphone": "Non sento il microfono.",
    "budget-near": "La maggior parte del budget di oggi è spesa.",
    "budget-spent": "Il budget di oggi è speso.",
    error: "Qualcosa è andato storto. Il registro dice di più.",
    "one-moment": "Un momento.",
    muted: "Sono in muto e non ascolto.",
  },
  nl: {
    "no-network": "Ik kan het internet niet bereiken.",
    "bad-key": "De sleutel van dit apparaat is geweigerd.",
    "no-credit": "Er is geen tegoed meer.",
    busy: "De dienst is bezet. Probeer het zo nog eens.",
    "model-retired": "Er antwoordt geen model meer. De instellingen hebben een nieuw nodig.",
    "no-microphone": "Ik hoor de microfoon niet.",
    "budget-near": "Het grootste deel van het budget van vandaag is op.",
    "budget-spent": "Het budget van vandaag is op.",
    error: "Er ging iets mis. In het logboek staat meer.",
    "one-moment": "Een ogenblik.",
    muted: "Ik sta op stil en luister niet.",
  },
};

/** Of `openai.language`, such as `de-AT`; English where there are no recordings. */
export function spokenLanguage(language: string): SpokenLanguage {
  const [primary = ""] = language.toLowerCase().split("-");
  return SPOKEN_LANGUAGES.find((known) => known === primary) ?? "en";
}
