// The reports about visits, each as a chart with the table of its figures.

import { listConsultationsPerDay, readConversionRate, readNoShowRate } from "../../api/operations";
import { plainDate } from "../../parts/time";
import { Bars, Figures, Lines, headOf, inWords, rowsOf, sum, type Bar } from "./charts";
import { count, percent } from "../../parts/numbers";
import { Report, type PeriodProps } from "./report";
import { text } from "./text";

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
