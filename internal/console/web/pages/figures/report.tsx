import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { address, type Operation } from "../../api/call";
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
