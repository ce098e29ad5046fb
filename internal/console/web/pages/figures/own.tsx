// What a doctor is told of the own visits: a chart, the sums against the period before, and every day.

import { readOwnFigures, type OwnDay, type OwnPeriod } from "../../api/operations";
import { count, percent } from "../../parts/numbers";
import { dayName } from "../../parts/time";
import { money } from "../../parts/value";
import { decimal } from "../../parts/intl";
import { Figures, Lines } from "./charts";
import { PeriodPage } from "./period";
import { Report, type PeriodProps } from "./report";
import { moneyRows, numberRow, shownRow } from "./rows";
import { text } from "./text";

/** A doctor's own figures of a period. */
export function OwnFigures() {
	return <PeriodPage title={text.own.title}>{(period) => <Own period={period} />}</PeriodPage>;
}

function Own({ period }: PeriodProps) {
	return (
		<Report title={text.own.visits} hint={text.own.hint} op={readOwnFigures} params={{ ...period }}>
			{(data) => (
				<>
					<p>
						{data.rating === null
							? text.own.noRating
							: text.own.rating(decimal(data.rating), text.ratings(data.ratings, count(data.ratings)))}
					</p>
					{data.booked + data.seatsOffered === 0 && <p class="empty">{text.own.nothing}</p>}
					<Visits of={data} before={data.previous} />
					<Sums of={data} before={data.previous} />
					<Money of={data} />
					<Days items={data.items} />
				</>
			)}
		</Report>
	);
}

interface PartProps {
	of: OwnPeriod;
	before?: OwnPeriod | undefined;
}

function Visits({ of, before }: PartProps) {
	const { sum, sumBefore } = text.own;
	const summary =
		sum(of.booked, count(of.booked), count(of.completed)) +
		(before ? " " + sumBefore(count(before.booked), count(before.completed)) : "");
	const lines = [
		{ label: text.booked, values: of.items.map((d) => d.booked) },
		{ label: text.completed, values: of.items.map((d) => d.completed) },
		{ label: text.cancelled, values: of.items.map((d) => d.cancelled) },
		{ label: text.missed, values: of.items.map((d) => d.noShows) },
	];
	if (before) lines.push({ label: text.bookedBefore, values: before.items.map((d) => d.booked) });
	return (
		<>
			<p>{summary}</p>
			<Lines days={of.items.map((d) => d.day)} lines={lines} summary={summary} />
		</>
	);
}

function Sums({ of, before }: PartProps) {
	const own = text.own;
	return (
		<Figures
			open
			caption={own.visits}
			head={[text.figure, text.number, ...(before ? [text.before, text.changeHead] : [])]}
			rows={[
				numberRow(text.booked, of.booked, before?.booked),
				numberRow(text.open, of.open, before?.open),
				numberRow(text.completed, of.completed, before?.completed),
				numberRow(own.byPatients, of.cancelledBy.patient, before?.cancelledBy.patient),
				numberRow(own.byYou, of.cancelledBy.doctor, before?.cancelledBy.doctor),
				numberRow(own.byStaff, of.cancelledBy.staff, before?.cancelledBy.staff),
				numberRow(own.bySystem, of.cancelledBy.system, before?.cancelledBy.system),
				numberRow(own.patientAbsent, of.absent.patient, before?.absent.patient),
				numberRow(own.youAbsent, of.absent.doctor, before?.absent.doctor),
				shownRow(own.missedShare, percent(of.noShowRate), before && percent(before.noShowRate)),
				numberRow(text.seatsOffered, of.seatsOffered, before?.seatsOffered),
				numberRow(text.seatsTaken, of.seatsTaken, before?.seatsTaken),
				shownRow(text.seatsUsed, percent(of.utilization), before && percent(before.utilization)),
				...moneyRows(own.fees, of.fees, before?.fees),
			]}
		/>
	);
}

/** A chart of the money of each day, for each currency in which something was paid. */
function Money({ of }: PartProps) {
	return (
		<>
			{of.fees.map(({ currency, net }) => (
				<Lines
					key={currency}
					days={of.items.map((d) => d.day)}
					lines={[
						{
							label: `${text.own.money} (${currency})`,
							values: of.items.map((d) => Number(d.fees.find((f) => f.currency === currency)?.net ?? 0)),
						},
					]}
					summary={`${text.own.money}: ${money(net, currency)}`}
				/>
			))}
		</>
	);
}

function Days({ items }: { items: OwnDay[] }) {
	return (
		<Figures
			caption={text.own.perDay}
			head={[
				text.day,
				text.booked,
				text.open,
				text.completed,
				text.cancelled,
				text.missed,
				text.seatsOffered,
				text.seatsTaken,
				text.own.money,
			]}
			rows={items.map((d) => [
				dayName(d.day),
				...[d.booked, d.open, d.completed, d.cancelled, d.noShows, d.seatsOffered, d.seatsTaken].map(count),
				d.fees.map((f) => money(f.net, f.currency)).join(", ") || "–",
			])}
		/>
	);
}
