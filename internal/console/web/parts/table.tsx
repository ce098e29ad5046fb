// A table whose rows become cards on small screens.

import type { ComponentChildren } from "preact";
import { Name } from "./value";

interface TableProps {
	caption: string;
	columns: string[];
	/** The first cell of a row is its heading. */
	rows: Array<{ id: string; cells: ComponentChildren[] }>;
}

/** The roles are said because browsers forget those of a table that is laid out as blocks. */
export function Table({ caption, columns, rows }: TableProps) {
	return (
		<table class="stack" role="table">
			<caption>{caption}</caption>
			<thead role="rowgroup">
				<tr role="row">
					{columns.map((column) => (
						<th key={column} scope="col" role="columnheader">
							{column}
						</th>
					))}
				</tr>
			</thead>
			<tbody role="rowgroup">
				{rows.map(({ id, cells }) => (
					<tr key={id} role="row">
						{cells.map((cell, i) =>
							i === 0 ? (
								<th key={i} scope="row" role="rowheader">
									{cell}
								</th>
							) : (
								<td key={i} role="cell" data-label={columns[i]}>
									{typeof cell === "string" ? <Name>{cell}</Name> : cell}
								</td>
							),
						)}
					</tr>
				))}
			</tbody>
		</table>
	);
}
