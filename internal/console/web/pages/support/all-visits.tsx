import { Title } from "../../app";
import { searchConsultations, type ConsultationStatus } from "../../api/operations";
import { Field, Form, Select } from "../../parts/form";
import { focusOn } from "../../parts/focus";
import { List } from "../../parts/load";
import { ZoneNote, addDays } from "../../parts/time";
import { setQuery, useAddress } from "../../router";
import { t } from "../../text";
import { PersonLink, beginOfDay, idOf } from "./shared";
import { text } from "./text";
import { VisitTable } from "./visit-table";

/** Searches the visits of everybody. */
export function AllVisits() {
	const query = useAddress().searchParams;
	const get = (name: string): string => query.get(name) ?? "";
	const status = Object.hasOwn(t.status, get("status")) ? [get("status") as ConsultationStatus] : [];
	const to = get("to") && beginOfDay(get("to")) ? beginOfDay(addDays(get("to"), 1)) : "";
	const names = ["status", "from", "to", "sort"];
	return (
		<>
			<Title text={text.visits} />
			<Form
				key={query.toString()}
				action={t.search}
				submit={(values) => {
					const value = (name: string): string => (values.text(name) === "all" ? "" : values.text(name));
					setQuery(Object.fromEntries(names.map((name) => [name, value(name)])));
					focusOn("found");
					return Promise.resolve();
				}}
			>
				<div class="row">
					<Select
						name="status"
						label={text.state}
						required
						options={[["all", text.anyState], ...Object.entries(t.status)]}
						initial={Object.hasOwn(t.status, get("status")) ? get("status") : "all"}
					/>
					<Field name="from" label={text.fromDay} type="date" initial={get("from")} />
					<Field name="to" label={text.toDay} type="date" initial={get("to")} />
					<Select
						name="sort"
						label={text.order}
						required
						initial={get("sort") === "earliest" ? "earliest" : "latest"}
						options={[
							["latest", text.latest],
							["earliest", text.earliest],
						]}
					/>
				</div>
			</Form>
			{(["patientId", "doctorId"] as const).map(
				(name) =>
					idOf(get(name)) && (
						<p key={name}>
							{name === "patientId" ? text.patient : text.doctor}: <PersonLink id={get(name)} />{" "}
							<button
								type="button"
								class="quiet"
								onClick={() => {
									setQuery({ [name]: "" });
									focusOn("found");
								}}
							>
								{text.ofEverybody}
							</button>
						</p>
					),
			)}
			<p class="hint">{text.byPerson}</p>
			<h2 id="found" tabIndex={-1}>
				{text.foundVisits}
			</h2>
			<ZoneNote />
			<List
				op={searchConsultations}
				params={{
					limit: 50,
					status,
					from: beginOfDay(get("from")),
					to,
					sort: get("sort") === "earliest" ? "earliest" : "latest",
					patientId: idOf(get("patientId")),
					doctorId: idOf(get("doctorId")),
				}}
				empty={text.noVisits}
				own={{ "validation-failed": text.wrongDays }}
			>
				{(visits) => <VisitTable visits={visits} />}
			</List>
		</>
	);
}
