// The reports that fold small groups of patients.

import { listTopSpecializations, readRepeatPatients } from "../../api/operations";
import { Bars, Figures, headOf, inWords, rowsOf, type Bar } from "./charts";
import { count, percent } from "../../parts/numbers";
import { Report, type PeriodProps } from "./report";
import { text } from "./text";

/** The reports that fold small groups know only the days of UTC. */
function foldedParams({ period }: PeriodProps) {
	const { from, to, compare } = period;
	return { from, to, ...(compare && { compare }) };
}

export function Specializations({ period }: PeriodProps) {
	return (
		<Report
			title={text.specializations}
			hint={text.specializationsHint}
			op={listTopSpecializations}
			params={{ ...foldedParams({ period }), limit: 30 }}
			file={{ limit: 1000 }}
		>
			{({ items, previous, total }) => {
				const before = new Map(previous?.items.map((i) => [i.specialization, i.consultations]));
				const bars = items.map((i) => ({
					label: i.folded ? text.otherSpecializations : i.specialization,
					value: i.consultations,
					shown:
						i.share === null ? count(i.consultations) : `${count(i.consultations)} (${percent(i.share)})`,
					before: previous ? (before.get(i.specialization) ?? 0) : undefined,
					beforeShown: previous && count(before.get(i.specialization) ?? 0),
				}));
				if (bars.length === 0) return <p class="empty">{text.onlyTotal(total, count(total))}</p>;
				return (
					<>
						<Bars
							bars={bars.slice(0, 10)}
							summary={`${text.specializations}. ${inWords(bars.slice(0, 10))}`}
						/>
						<Figures
							caption={text.specializations}
							head={headOf(text.specialization, text.completed, !!previous)}
							rows={rowsOf(bars, !!previous)}
						/>
					</>
				);
			}}
		</Report>
	);
}

export function Repeat({ period }: PeriodProps) {
	return (
		<Report title={text.repeat} hint={text.repeatHint} op={readRepeatPatients} params={foldedParams({ period })}>
			{(data) => {
				const p = data.previous;
				const bar = (label: string, name: "first" | "later" | "folded"): Bar => ({
					label,
					value: data[name] ?? 0,
					shown: data[name] === null ? text.tooFew : count(data[name]),
					before: p ? (p[name] ?? 0) : undefined,
					beforeShown: p && (p[name] === null ? text.tooFew : count(p[name])),
				});
				const bars = [bar(text.first, "first"), bar(text.later, "later"), bar(text.folded, "folded")];
				return (
					<>
						<p>
							{text.repeatSummary(percent(data.repeatRate), data.total, count(data.total))}{" "}
							{p && text.againstBefore(percent(p.repeatRate))}
						</p>
						<Bars bars={bars} summary={`${text.repeat}. ${inWords(bars)}`} />
						<Figures
							caption={text.repeat}
							head={headOf(text.kindOfVisit, text.completed, !!p)}
							rows={rowsOf(bars, !!p)}
						/>
					</>
				);
			}}
		</Report>
	);
}
