// The period of the figures: the address keeps it.

import type { ComponentChildren } from "preact";
import { Title } from "../../app";
import { Problem } from "../../api/call";
import { Checkbox, Field, Form, Select } from "../../parts/form";
import { addDays, currentDay, isDay, plainDate, zone, ZoneNote } from "../../parts/time";
import { knownZone, zoneNames, zoneOptions } from "../../parts/zones";
import { setQuery, useAddress } from "../../router";
import { t } from "../../text";
import { text } from "./text";

/** A period as the API takes it. */
export interface Period {
	from: string;
	to: string;
	timezone: string;
	compare?: "previous";
}

const choices = ["7", "30", "90", "year", "own"] as const;
type Choice = (typeof choices)[number];

const longest = 366;

function choiceOf(query: URLSearchParams): Choice {
	const asked = query.get("period") as Choice;
	if (choices.includes(asked)) return asked;
	return query.has("from") || query.has("to") ? "own" : "30";
}

function zones(): string[] {
	return zoneNames(zone(), "UTC", "Asia/Kolkata").sort();
}

/** Returns the period that the address names; the last 30 days unless it says otherwise. */
function periodOf(query: URLSearchParams): Period {
	const asked = knownZone(query.get("timezone") ?? "");
	const timezone = zones().includes(asked) ? asked : knownZone(zone());
	const today = currentDay(timezone);
	const compare = query.get("compare") === "no" ? {} : ({ compare: "previous" } as const);
	const choice = choiceOf(query);
	let from = addDays(today, 1 - (Number(choice) || 30));
	let to = today;
	if (choice === "year") from = today.slice(0, 4) + "-01-01";
	if (choice === "own") {
		const [asksFrom, asksTo] = [query.get("from"), query.get("to")];
		if (isDay(asksTo)) to = asksTo;
		from = isDay(asksFrom) ? asksFrom : addDays(to, -29);
	}
	return { from, to, timezone, ...compare };
}

/** A page of figures: its period, to choose and in words, and what children draw of it. */
export function PeriodPage({ title, children }: { title: string; children: (period: Period) => ComponentChildren }) {
	const query = useAddress().searchParams;
	const period = periodOf(query);
	const fault = faultOf(period);
	return (
		<>
			<Title text={title} />
			<PeriodChooser period={period} query={query} />
			{fault ? (
				<p class="refusal" role="alert">
					{fault}
				</p>
			) : (
				<>
					<p id="period" tabIndex={-1}>
						<strong>
							{text.periodShown(plainDate(period.from), plainDate(period.to), period.timezone)}
						</strong>
					</p>
					<ZoneNote />
					{children(period)}
				</>
			)}
		</>
	);
}

/** Links to the usual periods, and a form for any other one. */
function PeriodChooser({ period, query }: { period: Period; query: URLSearchParams }) {
	const choice = choiceOf(query);
	const address = (to: Choice): string => {
		const next = new URLSearchParams(query);
		next.set("period", to);
		next.delete("from");
		next.delete("to");
		if (to === "own") {
			next.set("from", period.from);
			next.set("to", period.to);
		}
		return location.pathname + "?" + next.toString();
	};
	return (
		<>
			<ul class="tabs">
				{choices.map((c) => (
					<li key={c}>
						<a href={address(c)} aria-current={c === choice ? "page" : undefined}>
							{text.periods[c]}
						</a>
					</li>
				))}
			</ul>
			<Form
				key={query.toString()}
				class="no-print"
				action={text.showFigures}
				submit={(values) => {
					const own: Record<string, string> =
						choice === "own" ? { from: values.text("from"), to: values.text("to") } : {};
					check(own["from"], own["to"]);
					const timezone = values.text("timezone");
					setQuery({
						...own,
						timezone: timezone === zone() ? "" : timezone,
						compare: values.checked("compare") ? "" : "no",
					});
					// The form is drawn anew with the new period.
					setTimeout(() => document.getElementById("period")?.focus(), 50);
					return Promise.resolve();
				}}
			>
				<div class="row">
					{choice === "own" && (
						<>
							<Field name="from" type="date" label={text.firstDay} required initial={period.from} />
							<Field name="to" type="date" label={text.lastDay} required initial={period.to} />
						</>
					)}
					<Select
						name="timezone"
						label={text.timezone}
						required
						initial={period.timezone}
						options={zoneOptions(zones())}
					/>
				</div>
				<Checkbox name="compare" label={text.compare} initial={!!period.compare} />
			</Form>
		</>
	);
}

/** Returns what is wrong with a period, or "". */
function faultOf({ from, to }: { from: string; to: string }): string {
	if (to < from) return text.endsBeforeBegin;
	return addDays(from, longest - 1) < to ? text.tooLong(t.days(longest)) : "";
}

function check(from: string | undefined, to: string | undefined): void {
	const message = from && to ? faultOf({ from, to }) : "";
	if (message) throw new Problem("validation-failed", 422, "", [{ location: "to", message }]);
}
