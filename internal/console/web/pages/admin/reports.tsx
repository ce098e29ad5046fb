// The reports, each as a chart with the table of its figures.

import { useEffect, useState } from "preact/hooks";
import { read } from "../../api/call";
import {
	listConsultationsPerDay,
	listDoctorUtilization,
	listTopSpecializations,
	readConversionRate,
	readDoctor,
	readNoShowRate,
	readRepeatPatients,
	readTimeToFirstFreeSlot,
	type DoctorUsage,
	type FreeSlotWait,
} from "../../api/operations";
import { plainDate } from "../../parts/time";
import { Report, type PeriodProps } from "./analytics";
import { Bars, Figures, Lines, type Bar } from "./charts";
import { Link, count, duration, percent } from "./parts";
import { text } from "./text";

export { Summary } from "./summary";

function sum<T>(items: T[], of: (item: T) => number): number {
	return items.reduce((n, item) => n + of(item), 0);
}

/** Returns the words of some bars: "Booked: 12; Paid: 10". */
function inWords(bars: Bar[]): string {
	return bars
		.map(
			(b) =>
				`${b.label}: ${b.shown ?? count(b.value)}${b.beforeShown ? ` (${text.before}: ${b.beforeShown})` : ""}`,
		)
		.join("; ");
}

/** The columns of a table with or without those of the period before. */
function headOf(first: string, second: string, hasBefore: boolean): string[] {
	return hasBefore ? [first, second, text.before] : [first, second];
}

function rowsOf(bars: Bar[], hasBefore: boolean): string[][] {
	return bars.map((b) => {
		const row = [b.label, b.shown ?? count(b.value)];
		return hasBefore ? [...row, b.beforeShown ?? (b.before === undefined ? "–" : count(b.before))] : row;
	});
}

export function PerDay({ period }: PeriodProps) {
	return (
		<Report title={text.perDay} hint={text.perDayHint} op={listConsultationsPerDay} params={{ ...period }}>
			{({ items, previous }) => {
				const booked = sum(items, (d) => d.booked);
				const summary =
					text.perDaySummary(count(booked), count(sum(items, (d) => d.due))) +
					(previous ? ` ${text.perDayBefore(count(sum(previous.items, (d) => d.booked)))}` : "");
				const lines = [
					{ label: text.booked, values: items.map((d) => d.booked) },
					{ label: text.completed, values: items.map((d) => d.completed) },
					{ label: text.cancelled, values: items.map((d) => d.cancelled) },
					{ label: text.missed, values: items.map((d) => d.noShows) },
				];
				if (previous) lines.push({ label: text.bookedBefore, values: previous.items.map((d) => d.booked) });
				return (
					<>
						<p>{summary}</p>
						<Lines days={items.map((d) => d.day)} lines={lines} summary={summary} />
						<Figures
							caption={text.perDay}
							head={[
								text.day,
								text.booked,
								text.due,
								text.completed,
								text.cancelled,
								text.missed,
								...(previous ? [text.bookedBefore] : []),
							]}
							rows={items.map((d, i) => [
								plainDate(d.day),
								...[d.booked, d.due, d.completed, d.cancelled, d.noShows].map(count),
								...(previous ? [count(previous.items[i]?.booked ?? 0)] : []),
							])}
						/>
					</>
				);
			}}
		</Report>
	);
}

export function Conversion({ period }: PeriodProps) {
	return (
		<Report title={text.conversion} hint={text.conversionHint} op={readConversionRate} params={{ ...period }}>
			{(data) => {
				const bar = (label: string, name: "listed" | "booked" | "paid" | "completed"): Bar => ({
					label,
					value: data[name],
					before: data.previous?.[name],
					beforeShown: data.previous && count(data.previous[name]),
				});
				const bars = [
					bar(text.listed, "listed"),
					bar(text.booked, "booked"),
					bar(text.paid, "paid"),
					bar(text.completed, "completed"),
				];
				const lost = (of: Record<string, number>): number => sum(Object.values(of), (n) => n);
				const p = data.previous;
				const rate = (label: string, name: "bookingRate" | "paymentRate" | "completionRate"): string[] => [
					label,
					percent(data[name]),
					...(p ? [percent(p[name])] : []),
				];
				return (
					<>
						<Bars bars={bars} summary={`${text.conversion}. ${inWords(bars)}`} />
						<Figures
							caption={text.conversion}
							head={headOf(text.step, text.number, !!p)}
							rows={[
								...rowsOf(bars, !!p),
								rate(text.bookingRate, "bookingRate"),
								rate(text.paymentRate, "paymentRate"),
								rate(text.completionRate, "completionRate"),
								...rowsOf(
									[
										{ label: text.open, value: data.open, before: p?.open },
										{
											label: text.lostUnbooked,
											value: data.lostUnbooked,
											before: p?.lostUnbooked,
										},
										...(["patient", "doctor", "staff", "system"] as const).map((who) => ({
											label: text.lostUnpaid(text.by[who]),
											value: data.lostUnpaid[who],
											before: p?.lostUnpaid[who],
										})),
										...(["patient", "doctor", "staff", "system"] as const).map((who) => ({
											label: text.lostPaid(text.by[who]),
											value: data.lostPaid[who],
											before: p?.lostPaid[who],
										})),
										{
											label: text.lostToNoShow,
											value: lost({ ...data.lostToNoShow }),
											before: p && lost({ ...p.lostToNoShow }),
										},
									],
									!!p,
								),
							]}
						/>
					</>
				);
			}}
		</Report>
	);
}

export function NoShows({ period }: PeriodProps) {
	return (
		<Report title={text.noShows} hint={text.noShowsHint} op={readNoShowRate} params={{ ...period }}>
			{(data) => {
				const p = data.previous;
				const bar = (label: string, name: "completed" | "noShows" | "cancelled"): Bar => ({
					label,
					value: data[name],
					before: p?.[name],
					beforeShown: p && count(p[name]),
				});
				const bars = [
					bar(text.completed, "completed"),
					bar(text.missed, "noShows"),
					bar(text.cancelled, "cancelled"),
				];
				const summary = text.noShowsSummary(percent(data.noShowRate), percent(data.cancellationRate));
				const people = (
					label: (who: string) => string,
					of: Record<string, number>,
					before: Record<string, number> | undefined,
				): Bar[] =>
					Object.entries(of).map(([who, value]) => ({
						label: label(text.by[who.toLowerCase() as keyof typeof text.by] ?? who),
						value,
						before: before?.[who],
					}));
				return (
					<>
						<p>
							{summary} {p && text.noShowsBefore(percent(p.noShowRate), percent(p.cancellationRate))}
						</p>
						<Bars bars={bars} summary={`${summary} ${inWords(bars)}`} />
						<Figures
							caption={text.noShows}
							head={headOf(text.outcome, text.number, !!p)}
							rows={rowsOf(
								[
									...bars,
									...people(text.absent, data.absentParty, p?.absentParty),
									...people(text.cancelledBy, data.cancelledBy, p?.cancelledBy),
								],
								!!p,
							)}
						/>
					</>
				);
			}}
		</Report>
	);
}

/** Reads the names of doctors: the report has only their ids. */
function useNames(items: DoctorUsage[]): Record<string, string> {
	const [names, setNames] = useState<Record<string, string>>({});
	const ids = items.map((i) => i.doctorId).join();
	useEffect(() => {
		const abort = new AbortController();
		for (const id of ids.split(",").filter(Boolean)) {
			read(readDoctor, { id }, { signal: abort.signal }).then(
				({ data }) => setNames((before) => ({ ...before, [id]: data.fullName })),
				// One who has left keeps the figures, without a name.
				() => undefined,
			);
		}
		return () => abort.abort();
	}, [ids]);
	return names;
}

const shownDoctors = 20;

export function Utilization({ period }: PeriodProps) {
	return (
		<Report
			title={text.utilization}
			hint={text.utilizationHint(shownDoctors)}
			op={listDoctorUtilization}
			params={{ ...period, limit: shownDoctors }}
			file={{ limit: 1000 }}
		>
			{(data) => (
				<>
					<p>
						{text.utilizationSummary(percent(data.utilization), data.doctors, count(data.doctors))}{" "}
						{data.previous && text.againstBefore(percent(data.previous.utilization))}
					</p>
					{data.items.length > 0 ? (
						<Doctors items={data.items} hasBefore={!!data.previous} />
					) : (
						<p class="empty">{text.nothingCounted}</p>
					)}
				</>
			)}
		</Report>
	);
}

function Doctors({ items, hasBefore }: { items: DoctorUsage[]; hasBefore: boolean }) {
	const names = useNames(items);
	const nameOf = (d: DoctorUsage): string => names[d.doctorId] ?? `${d.specialization} …${d.doctorId.slice(-6)}`;
	const bars = items.slice(0, 10).map((d) => ({
		label: nameOf(d),
		value: d.utilization ?? 0,
		shown: percent(d.utilization),
		before: d.previousUtilization,
		beforeShown: d.previousUtilization === undefined ? undefined : percent(d.previousUtilization),
	}));
	return (
		<>
			<Bars bars={bars} full={1} summary={`${text.utilization}. ${inWords(bars)}`} />
			<Figures
				caption={text.utilization}
				head={[
					text.doctor,
					text.specialization,
					text.offeredHours,
					text.bookedHours,
					text.used,
					...(hasBefore ? [text.before] : []),
				]}
				rows={items.map((d) => [
					<Link to={"/admin/doctors/" + d.doctorId}>{nameOf(d)}</Link>,
					d.specialization,
					count(Math.round(d.offeredMinutes / 60)),
					count(Math.round(d.bookedMinutes / 60)),
					percent(d.utilization),
					...(hasBefore ? [percent(d.previousUtilization)] : []),
				])}
			/>
		</>
	);
}

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

export function FreeSlot() {
	return (
		<Report title={text.freeSlot} hint={text.freeSlotHint} op={readTimeToFirstFreeSlot} params={{}}>
			{({ all, items }) => {
				const some = items.filter((i) => i.medianSeconds !== null).slice(0, 10);
				const bars = some.map((i) => ({
					label: i.specialization ?? text.allFields,
					value: i.medianSeconds ?? 0,
					shown: duration(i.medianSeconds),
				}));
				const row = (w: FreeSlotWait): string[] => [
					w.specialization ?? text.allFields,
					duration(w.firstSeconds),
					duration(w.medianSeconds),
					count(w.doctors),
					count(w.fullyBooked),
				];
				return (
					<>
						<p>{text.freeSlotSummary(duration(all.firstSeconds), duration(all.medianSeconds))}</p>
						{bars.length > 0 && <Bars bars={bars} summary={`${text.medianWait}. ${inWords(bars)}`} />}
						<Figures
							caption={text.freeSlot}
							head={[
								text.specialization,
								text.firstWait,
								text.medianWait,
								text.doctorsBookable,
								text.fullyBooked,
							]}
							rows={[row(all), ...items.map(row)]}
						/>
					</>
				);
			}}
		</Report>
	);
}
