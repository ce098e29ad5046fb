// What a rule would open, before it is saved.

import { useEffect, useRef, useState } from "preact/hooks";
import { call } from "../../api/call";
import { previewAvailabilityRule, type RulePreview, type RuleRequest } from "../../api/operations";
import { Refusal } from "../../parts/refusal";
import { clock, dayName, dayOf, ZoneNote } from "../../parts/time";
import { faultsOf } from "./rule";
import { text } from "./text";

/** How long nothing is typed before the preview is asked for. */
const pause = 400;
/** The days that are shown at first. */
const few = 7;

/** Returns what a form lacks, or "". */
function missing(rule: RuleRequest): string {
	if (!rule.rrule.split("BYDAY=")[1]) return text.noDays;
	if (
		!rule.startTime ||
		!rule.endTime ||
		!rule.validFrom ||
		!(rule.slotMinutes >= 5 && Number.isInteger(rule.slotMinutes))
	)
		return text.fillIn;
	return faultsOf(rule)
		.map(([, message]) => message)
		.join(" ");
}

type Items = RulePreview["items"];

interface State {
	items?: Items;
	/** The zone of the items. */
	timezone?: string;
	error?: unknown;
	isBusy: boolean;
}

function usePreview(rule: RuleRequest): State {
	const [state, setState] = useState<State>({ isBusy: true });
	const key = JSON.stringify(rule);
	const isFirst = useRef(true);
	useEffect(() => {
		if (missing(rule)) return;
		const abort = new AbortController();
		setState((s) => ({ ...s, isBusy: true }));
		const ask = (): void => {
			call(previewAvailabilityRule, {}, rule, { signal: abort.signal }).then(
				({ data }) => setState({ items: data.items, timezone: rule.timezone, isBusy: false }),
				(error: unknown) => abort.signal.aborted || setState({ error, isBusy: false }),
			);
		};
		const timer = setTimeout(ask, isFirst.current ? 0 : pause);
		isFirst.current = false;
		return () => {
			clearTimeout(timer);
			abort.abort();
		};
	}, [key]);
	return state;
}

function byDay(items: Items, timeZone: string): Array<[day: string, items: Items]> {
	const days = new Map<string, Items>();
	for (const item of items) {
		const day = dayOf(item.startTime, timeZone);
		days.set(day, [...(days.get(day) ?? []), item]);
	}
	return [...days];
}

/** Shows the days and times of the rule that a form says. */
export function Preview({ rule }: { rule: RuleRequest }) {
	const { items, timezone = rule.timezone, error, isBusy } = usePreview(rule);
	const [isAll, setAll] = useState(false);
	const lacks = missing(rule);
	const days = items && !lacks ? byDay(items, timezone) : [];
	return (
		<section class="card preview" aria-labelledby="preview">
			<h2 id="preview">{text.preview}</h2>
			<p aria-live="polite">
				{lacks || (isBusy ? text.previewing : items && text.opens(items.length, days.length))}
			</p>
			{!lacks && !isBusy && error !== undefined && <Refusal error={error} />}
			{days.length > 0 && (
				<>
					<ZoneNote of={timezone} />
					<ul class="list">
						{days.slice(0, isAll ? days.length : few).map(([day, times]) => (
							<li key={day}>
								<strong>{dayName(day)}</strong>
								<br />
								{times.map((item) => clock(item.startTime, timezone)).join(" · ")}
							</li>
						))}
					</ul>
					{days.length > few && (
						<button type="button" aria-expanded={isAll} onClick={() => setAll(!isAll)}>
							{isAll ? text.fewerDays : text.allOfDays(days.length)}
						</button>
					)}
					<p class="small">{text.previewNote}</p>
				</>
			)}
		</section>
	);
}
