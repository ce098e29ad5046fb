import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import type { Operation } from "../../api/call";
import { FileLink } from "../../parts/file-link";
import { Show, useLoad } from "../../parts/load";
import { Time } from "../../parts/time";
import type { Period } from "./period";
import { text } from "./text";

interface ReportProps<In, Out> {
	title: string;
	hint: string;
	op: Operation<In, undefined, Out>;
	params: In;
	/** What the file has besides, like more rows. */
	file?: Partial<In>;
	children: (data: Out) => ComponentChildren;
}

/** Returns the name of a report's file, like "no-show-rate-2026-11-01-2026-11-29.csv". */
function nameOf(op: string, { from, to }: { from?: string; to?: string }): string {
	return [op.slice(op.lastIndexOf("/") + 1), from, to].filter(Boolean).join("-") + ".csv";
}

/** A report: its figures, how far they are, and a file of them. */
export function Report<In extends object, Out extends { timezone?: string; completeUntil?: string | null }>({
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
							<FileLink
								class="no-print"
								op={op}
								params={{ ...params, ...file, format: "csv" }}
								name={nameOf(op, params)}
								label={text.downloadCSV(title)}
							>
								{text.csvFile}
							</FileLink>
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
