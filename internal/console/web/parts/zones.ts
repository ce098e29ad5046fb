// The time zones to choose among.

import { currentZone } from "./intl";

/** Returns the name that a zone has today, if this browser knows it too. */
export function knownZone(name: string): string {
	const current = currentZone(name);
	if (current === name) return name;
	try {
		new Intl.DateTimeFormat("en", { timeZone: current });
		return current;
	} catch {
		return name;
	}
}

/** Returns the zones as choices of a field. */
export function zoneOptions(names: string[]): Array<[string, string]> {
	return names.map((name) => [name, name.replaceAll("_", " ")]);
}

/** Returns the names of all zones, each once, after some that come first. */
export function zoneNames(...first: string[]): string[] {
	const all = typeof Intl.supportedValuesOf === "function" ? Intl.supportedValuesOf("timeZone") : [];
	return [...new Set([...first, ...all].map(knownZone))];
}
