// The reports about doctors: how much of their time is used, and how long patients wait for it.

import {
	listDoctorUtilization,
	readTimeToFirstFreeSlot,
	type DoctorUsage,
	type FreeSlotWait,
} from "../../api/operations";
import { Bars, Figures, inWords } from "./charts";
import { count, duration, percent } from "../../parts/numbers";
import { Name } from "../../parts/value";
import { Report, type PeriodProps } from "./report";
import { t } from "../../text";
import { text } from "./text";

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
	const nameOf = (d: DoctorUsage): string => d.doctorName ?? t.deletedAccount;
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
					<a href={"/admin/doctors/" + d.doctorId}>
						<Name>{nameOf(d)}</Name>
					</a>,
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
