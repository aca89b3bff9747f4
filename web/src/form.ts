/** input is that of a form which has a name; a select is one too. */
export const input = (form: HTMLFormElement, name: string) => form.elements.namedItem(name) as HTMLInputElement;
