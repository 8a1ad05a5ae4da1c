/**
 * What is said in the long recordings of other words: no wake word is in it. The sentences of the
 * second list are full of words that sound like one.
 */

import type { SimDice } from "../../src/sim/dice.ts";

/** Article 1 of the Universal Declaration of Human Rights, by the name of espeak-ng's voice. */
export const LANGUAGES: Readonly<Record<string, string>> = {
  ca: "Tots els éssers humans neixen lliures i iguals en dignitat i en drets. Són dotats de raó i de consciència, i han de comportar-se fraternalment els uns amb els altres.",
  cs: "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv. Jsou nadáni rozumem a svědomím a mají spolu jednat v duchu bratrství.",
  da: "Alle mennesker er født frie og lige i værdighed og rettigheder. De er udstyret med fornuft og samvittighed, og de bør handle mod hverandre i en broderskabets ånd.",
  de: "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt und sollen einander im Geiste der Brüderlichkeit begegnen.",
  eo: "Ĉiuj homoj estas denaske liberaj kaj egalaj laŭ digno kaj rajtoj. Ili posedas racion kaj konsciencon, kaj devus konduti unu al alia en spirito de frateco.",
  es: "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como están de razón y conciencia, deben comportarse fraternalmente los unos con los otros.",
  fi: "Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan. Heille on annettu järki ja omatunto, ja heidän on toimittava toisiaan kohtaan veljeyden hengessä.",
  "fr-fr":
    "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de raison et de conscience et doivent agir les uns envers les autres dans un esprit de fraternité.",
  hu: "Minden emberi lény szabadon születik és egyenlő méltósága és joga van. Az emberek, ésszel és lelkiismerettel bírván, egymással szemben testvéri szellemben kell hogy viseltessenek.",
  id: "Semua orang dilahirkan merdeka dan mempunyai martabat dan hak-hak yang sama. Mereka dikaruniai akal dan hati nurani dan hendaknya bergaul satu sama lain dalam semangat persaudaraan.",
  it: "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti. Essi sono dotati di ragione e di coscienza e devono agire gli uni verso gli altri in spirito di fratellanza.",
  nb: "Alle mennesker er født frie og med samme menneskeverd og menneskerettigheter. De er utstyrt med fornuft og samvittighet og bør handle mot hverandre i brorskapets ånd.",
  nl: "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren. Zij zijn begiftigd met verstand en geweten, en behoren zich jegens elkander in een geest van broederschap te gedragen.",
  pl: "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni obdarzeni rozumem i sumieniem i powinni postępować wobec innych w duchu braterstwa.",
  pt: "Todos os seres humanos nascem livres e iguais em dignidade e em direitos. Dotados de razão e de consciência, devem agir uns para com os outros em espírito de fraternidade.",
  ro: "Toate ființele umane se nasc libere și egale în demnitate și în drepturi. Ele sunt înzestrate cu rațiune și conștiință și trebuie să se comporte unele față de altele în spiritul fraternității.",
  sv: "Alla människor är födda fria och lika i värde och rättigheter. De är utrustade med förnuft och samvete och bör handla gentemot varandra i en anda av broderskap.",
  tr: "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve vicdana sahiptirler ve birbirlerine karşı kardeşlik zihniyeti ile hareket etmelidirler.",
};

/** Voices of English, by espeak-ng's names. */
export const ENGLISH = [
  "en-us",
  "en-gb",
  "en-gb-scotland",
  "en-gb-x-rp",
  "en-gb-x-gbclan",
  "en-gb-x-gbcwmd",
  "en-029",
  "en-us-nyc",
  "en-us+f2",
  "en-gb+f3",
  "en-us+f4",
  "en-gb+m5",
] as const;

const WHO =
  "my neighbour,the old captain,a tired nurse,our teacher,the whole family,her younger brother,the gardener,a man with a red scarf,the baker,two students,the postman,your grandmother,the conductor,a small child,the engineer,nobody here".split(
    ",",
  );
const DOES =
  "carried,painted,forgot,borrowed,found,repaired,bought,described,wanted,lost,photographed,remembered,cooked,counted,promised,delivered".split(
    ",",
  );
const WHAT =
  "a basket of apples,the kitchen table,seven letters,the long ladder,an umbrella,her first bicycle,a pot of soup,the timetable,some warm bread,the garden fence,a difficult question,the last ticket,eleven candles,the weather report,a bag of flour,the piano".split(
    ",",
  );
const WHEN =
  "before breakfast,on Thursday evening,near the harbour,because of the rain,without a word,after the concert,in the middle of winter,for the third time,at the railway station,as quickly as possible,while the kettle boiled,with great care,across the river,in the year nineteen eighty four,under the bridge,and nobody noticed".split(
    ",",
  );

/** So many sentences of everyday English. */
export function prose(dice: SimDice, sentences: number): string {
  const one = (): string =>
    [WHO, DOES, WHAT, WHEN]
      .map((words) => dice.oneOf(words))
      .join(" ")
      .concat(".");
  return Array.from({ length: sentences }, one).join(" ");
}

/** Words that differ from a wake word by a sound or two. */
export const NEAR = [
  "The commuter computed how to commute, and the computing took a minute.",
  "A jar of ice, the harvest, Travis and Charles, a carcass, jar lids, service, and the jarring noise.",
  "Alex is here. Alexander likes electric lights, a lexicon, an elixir, and Alec said so.",
  "Hey Jerry. Hey Travis. Hey Charlie, hey there, this. Hey Marvin.",
  "Hey Microsoft. Hey Michael, hey my craft, hey Maya, a microphone, and a haircut.",
  "Okay now. Okay Nancy. Okay, no booth. Okay, a new one. The cat napped.",
  "The shop is on top. Step back. The stock dropped, a stork hopped, and he stocked up.",
] as const;
