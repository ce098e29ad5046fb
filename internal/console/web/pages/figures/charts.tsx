// Charts as SVG. Each says its sense in words, and a table beside it has the same figures.

import type { ComponentChildren } from "preact";
import { plainDate } from "../../parts/time";
import { count } from "../../parts/numbers";
import { text } from "./text";

export interface Bar {
	label: string;
	value: number;
	/** The value as it is written; the number itself unless said otherwise. */
	shown?: string;
	/** The value of the period before. */
	before?: number | undefined;
	beforeShown?: string | undefined;
}

interface BarsProps {
	bars: Bar[];
	/** The sense of the chart. */
	summary: string;
	/** What a full bar is; the largest value unless said otherwise. */
	full?: number;
}

function shownOf(bar: Bar): string {
	return bar.shown ?? count(bar.value);
}

/** Bars side by side with their labels, and thin ones below for the period before. Lengths in rem grow with the text. */
export function Bars({ bars, summary, full }: BarsProps) {
	const most = full ?? Math.max(...bars.map((b) => Math.max(b.value, b.before ?? 0)), 1);
	const width = (value: number): string => `${Math.min(100, Math.max(0, (100 * value) / most)).toFixed(2)}%`;
	const step = 3.1;
	return (
		<svg class="chart" role="img" aria-label={summary} width="100%" height={`${bars.length * step}rem`}>
			{bars.map((bar, i) => (
				<g key={i} aria-hidden="true">
					<text x="0" y={`${i * step + 1.1}rem`}>
						{bar.label}
					</text>
					<text x="100%" y={`${i * step + 1.1}rem`} text-anchor="end">
						{shownOf(bar)}
					</text>
					<rect class="track" x="0" y={`${i * step + 1.5}rem`} width="100%" height="0.8rem" />
					<rect class="bar" x="0" y={`${i * step + 1.5}rem`} width={width(bar.value)} height="0.8rem" />
					{bar.before !== undefined && (
						<rect
							class="before"
							x="0"
							y={`${i * step + 2.4}rem`}
							width={width(bar.before)}
							height="0.3rem"
						/>
					)}
				</g>
			))}
		</svg>
	);
}

export interface Line {
	label: string;
	values: number[];
}

interface LinesProps {
	/** The days of all lines. */
	days: string[];
	lines: Line[];
	summary: string;
}

/** Lines over days. Each has its own dashes, so that they are told apart without colors. */
export function Lines({ days, lines, summary }: LinesProps) {
	const most = Math.max(...lines.flatMap((l) => l.values), 1);
	const x = (i: number): number => (days.length > 1 ? (1000 * i) / (days.length - 1) : 500);
	const y = (value: number): number => 295 - (290 * value) / most;
	const first = days[0];
	const last = days[days.length - 1];
	return (
		<div class="lines">
			<ul class="chips">
				{lines.map((line, i) => (
					<li key={line.label}>
						<svg class="chart" aria-hidden="true" width="2.5rem" height="0.8rem">
							<line class={"line l" + i} x1="0" x2="100%" y1="50%" y2="50%" />
						</svg>{" "}
						{line.label}
					</li>
				))}
			</ul>
			<p class="axis" aria-hidden="true">
				{count(most)}
			</p>
			<svg
				class="chart"
				role="img"
				aria-label={summary}
				viewBox="0 0 1000 300"
				preserveAspectRatio="none"
				width="100%"
				height="240"
			>
				{[0, 0.5, 1].map((part) => (
					<line key={part} class="grid" x1="0" x2="1000" y1={y(part * most)} y2={y(part * most)} />
				))}
				{lines.map((line, i) => (
					<polyline
						key={line.label}
						class={"line l" + i}
						points={line.values.map((v, j) => `${x(j).toFixed(1)},${y(v).toFixed(1)}`).join(" ")}
					/>
				))}
			</svg>
			<p class="axis ends" aria-hidden="true">
				<span>{first && plainDate(first)}</span>
				<span>{last && plainDate(last)}</span>
			</p>
		</div>
	);
}

interface FiguresProps {
	caption: string;
	head: string[];
	/** The first cell of a row names it. */
	rows: ComponentChildren[][];
	/** Shows the table at once, where there is no chart. */
	open?: boolean;
}

/** The figures of a chart as a table. */
export function Figures({ caption, head, rows, open }: FiguresProps) {
	const table = (
		<div class="scroll figures" role="region" aria-label={text.asTable(caption)} tabIndex={0}>
			<table>
				<caption>{caption}</caption>
				<thead>
					<tr>
						{head.map((name, i) => (
							<th key={i} scope="col" class={i > 0 ? "number" : undefined}>
								{name}
							</th>
						))}
					</tr>
				</thead>
				<tbody>
					{rows.map((row, i) => (
						<tr key={i}>
							{row.map((cell, j) =>
								j === 0 ? (
									<th key={j} scope="row">
										{cell}
									</th>
								) : (
									<td key={j} class="number">
										{cell}
									</td>
								),
							)}
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
	if (open) return table;
	return (
		<details>
			<summary>{text.asTable(caption)}</summary>
			{table}
		</details>
	);
}

/** Returns the sum of a number of all items. */
export function sum<T>(items: T[], of: (item: T) => number): number {
	return items.reduce((n, item) => n + of(item), 0);
}

/** Returns the words of some bars: "Booked: 12; Paid: 10". */
export function inWords(bars: Bar[]): string {
	return bars
		.map(
			(b) =>
				`${b.label}: ${b.shown ?? count(b.value)}${b.beforeShown ? ` (${text.before}: ${b.beforeShown})` : ""}`,
		)
		.join("; ");
}

/** The columns of a table with or without those of the period before. */
export function headOf(first: string, second: string, hasBefore: boolean): string[] {
	return hasBefore ? [first, second, text.before] : [first, second];
}

/** Returns bars as rows of a table. */
export function rowsOf(bars: Bar[], hasBefore: boolean): string[][] {
	return bars.map((b) => {
		const row = [b.label, b.shown ?? count(b.value)];
		return hasBefore ? [...row, b.beforeShown ?? (b.before === undefined ? "–" : count(b.before))] : row;
	});
}
