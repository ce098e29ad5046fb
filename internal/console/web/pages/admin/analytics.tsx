import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { Title } from "../../app";
import { address, type Operation } from "../../api/call";
import { Show, useLoad } from "../../parts/load";
import { Time, ZoneNote, plainDate } from "../../parts/time";
import { useAddress } from "../../router";
import { PeriodChooser, periodOf, type Period } from "./period";
import { Conversion, FreeSlot, NoShows, PerDay, Repeat, Specializations, Summary, Utilization } from "./reports";
import { text } from "./text";

/** The figures of a period: the summary and all reports. */
export function Analytics() {
	const query = useAddress().searchParams;
	const period = periodOf(query);
	return (
		<>
			<Title text={text.analytics} />
			<PeriodChooser period={period} query={query} />
			<p>
				<strong>{text.periodShown(plainDate(period.from), plainDate(period.to), period.timezone)}</strong>
			</p>
			<ZoneNote />
			<Summary period={period} />
			<PerDay period={period} />
			<Conversion period={period} />
			<NoShows period={period} />
			<Utilization period={period} />
			<Specializations period={period} />
			<Repeat period={period} />
			<FreeSlot />
		</>
	);
}

interface ReportProps<In, Out> {
	title: string;
	hint: string;
	op: Operation<In, undefined, Out>;
	params: In;
	/** What the file has besides, like more rows. */
	file?: Partial<In>;
	children: (data: Out) => ComponentChildren;
}

/** A report: its figures, how far they are, and a file of them. */
export function Report<In extends object, Out extends { completeUntil: string | null }>({
	title,
	hint,
	op,
	params,
	file,
	children,
}: ReportProps<In, Out>) {
	const loaded = useLoad(op, params);
	const id = useId();
	return (
		<section aria-labelledby={id}>
			<h2 id={id}>{title}</h2>
			<p class="hint">{hint}</p>
			<Show loaded={loaded}>
				{(data) => (
					<>
						{data.completeUntil === null && <p class="warning">{text.counting}</p>}
						{children(data)}
						<p class="small">
							{data.completeUntil && (
								<>
									{text.completeUntil} <Time at={data.completeUntil} />.{" "}
								</>
							)}
							<a
								class="no-print"
								href={address(op, { ...params, ...file, format: "csv" })}
								download
								aria-label={text.downloadCSV(title)}
							>
								{text.csvFile}
							</a>
						</p>
					</>
				)}
			</Show>
		</section>
	);
}

export interface PeriodProps {
	period: Period;
}
