// The sentences of a page, as the server wrote them into it. A counted one has a form for one and one for all else.
export type Words = Record<string, string | Record<string, string>>;
export type Word = (name: string, values?: Record<string, string | number>) => string;

/** Says sentences with their values; a counted one in the form that its language has for the value "count". */
export function speaker(words: Words, language: string): Word {
  const forms = new Intl.PluralRules(language);
  return (name, values = {}) => {
    const said = words[name];
    const text = typeof said === "string" ? said : (said[forms.select(Number(values.count))] ?? said.other);
    return Object.entries(values).reduce((so, [key, value]) => so.replace(`%(${key})s`, String(value)), text);
  };
}
