// The language of the pages: that of the document, which the server chose from the cookie or from Accept-Language.

export type Language = "en" | "hi";

export const language: Language = document.documentElement.lang === "hi" ? "hi" : "en";

/** The locale of dates, amounts and plurals: Indian forms in both languages, and Western digits. */
export const locale: string = language === "hi" ? "hi-IN-u-nu-latn" : "en-IN";

/** Stores the language for the next pages. */
export function rememberLanguage(to: Language): void {
	document.cookie =
		`language=${to}; path=/; max-age=31536000; samesite=lax` + (location.protocol === "https:" ? "; secure" : "");
}

/** Stores the language, and shows this page in it. Everything typed is lost. */
export function changeLanguage(to: Language): void {
	rememberLanguage(to);
	location.reload();
}

const rules = new Intl.PluralRules(locale);

/** Returns the form that the number asks for. */
export function plural(n: number, forms: { one: string; other: string }): string {
	return rules.select(n) === "one" ? forms.one : forms.other;
}
