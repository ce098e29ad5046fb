import { Title } from "../../app";
import { searchConsultations, type ConsultationStatus } from "../../api/operations";
import { Field, Form, Select } from "../../parts/form";
import { List } from "../../parts/load";
import { ZoneNote, addDays, dayOf, zone } from "../../parts/time";
import { setQuery, useAddress } from "../../router";
import { t } from "../../text";
import { PersonLink } from "./shared";
import { text } from "./text";
import { VisitTable } from "./visit-table";

/** Returns the instant at which a day begins in the user's zone; "" for none. */
function beginOf(day: string): string {
	if (!/^\d{4}-\d\d-\d\d$/.test(day) || Number.isNaN(Date.parse(day))) return "";
	// The offset of a zone is a multiple of a quarter of an hour between -12 and +14 hours.
	const noon = Date.parse(day + "T00:00:00Z");
	for (let quarter = -56; quarter <= 48; quarter++) {
		const at = new Date(noon + quarter * 900_000);
		if (dayOf(at, zone()) === day) return at.toISOString();
	}
	return "";
}

/** Searches the visits of everybody. */
export function AllVisits() {
	const query = useAddress().searchParams;
	const get = (name: string): string => query.get(name) ?? "";
	const status = get("status") in t.status ? [get("status") as ConsultationStatus] : [];
	const to = get("to") && beginOf(get("to")) ? beginOf(addDays(get("to"), 1)) : "";
	const names = ["status", "from", "to", "sort"];
	return (
		<>
			<Title text={text.visits} />
			<Form
				key={query.toString()}
				action={t.search}
				submit={(values) => {
					setQuery(Object.fromEntries(names.map((name) => [name, values.text(name)])));
					return Promise.resolve();
				}}
			>
				<div class="row">
					<Select
						name="status"
						label={text.state}
						options={Object.entries(t.status)}
						initial={get("status")}
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
					get(name) && (
						<p key={name}>
							{name === "patientId" ? text.patient : text.doctor}: <PersonLink id={get(name)} />{" "}
							<button type="button" class="quiet" onClick={() => setQuery({ [name]: "" })}>
								{text.ofEverybody}
							</button>
						</p>
					),
			)}
			<p class="hint">{text.byPerson}</p>
			<ZoneNote />
			<List
				op={searchConsultations}
				params={{
					limit: 50,
					status,
					from: beginOf(get("from")),
					to,
					sort: get("sort") === "earliest" ? "earliest" : "latest",
					patientId: get("patientId"),
					doctorId: get("doctorId"),
				}}
				empty={text.noVisits}
			>
				{(visits) => <VisitTable visits={visits} />}
			</List>
		</>
	);
}
