import { Title } from "../../app";
import { call } from "../../api/call";
import { decideDispute, listDisputes, type Dispute, type DisputeStatus } from "../../api/operations";
import { Select, TextArea } from "../../parts/form";
import { List } from "../../parts/load";
import { Time, ZoneNote, fullTime } from "../../parts/time";
import { useAddress } from "../../router";
import { Ask, Filter, PersonLink, State, useChanged } from "./shared";
import { text } from "./text";

function Arrived({ at }: { at: string | null | undefined }) {
	return <dd>{at ? <Time at={at} /> : text.notArrived}</dd>;
}

function Card({ dispute, set }: { dispute: Dispute; set: (dispute: Dispute) => void }) {
	const { id, visit } = dispute;
	return (
		<li class="card">
			<h2>
				<a href={"/all-visits/" + dispute.consultationId}>
					{visit ? <Time at={visit.startTime} /> : text.openVisit}
				</a>
			</h2>
			<dl>
				<dt>{text.state}</dt>
				<dd>
					<State id={id}>{text.disputeStates[dispute.status]}</State>
				</dd>
				<dt>{text.patient}</dt>
				<dd>
					<PersonLink id={dispute.patientId} name={dispute.patientName} />
				</dd>
				<dt>{text.patientArrived}</dt>
				<Arrived at={visit?.patientArrivedAt} />
				<dt>{text.doctor}</dt>
				<dd>
					<PersonLink id={dispute.doctorId} name={dispute.doctorName} />
				</dd>
				<dt>{text.doctorArrived}</dt>
				<Arrived at={visit?.doctorArrivedAt} />
				<dt>{text.askedAt}</dt>
				<dd>
					<Time at={dispute.createdAt} />
				</dd>
				{dispute.reason && (
					<>
						<dt>{text.patientSays}</dt>
						<dd class="text">{dispute.reason}</dd>
					</>
				)}
				{dispute.decidedAt && (
					<>
						<dt>{text.decision}</dt>
						<dd>
							<Time at={dispute.decidedAt} />{" "}
							{dispute.decidedBy && <PersonLink id={dispute.decidedBy} name={dispute.decidedByName} />}
							<p class="text">{dispute.decisionReason}</p>
						</dd>
					</>
				)}
			</dl>
			{dispute.status === "OPEN" && (
				<Ask
					button={text.decide}
					label={text.decideDisputeOf(fullTime(visit?.startTime ?? dispute.createdAt))}
					title={text.decideDispute}
					done={text.disputeDecided}
					focus={"state-" + id}
					submit={async (values, key) => {
						const body = {
							decision: values.text("decision") as "UPHELD" | "REFUNDED",
							reason: values.text("reason"),
						};
						set((await call(decideDispute, { id }, body, { idempotencyKey: key })).data);
					}}
				>
					<Select
						name="decision"
						label={text.decision}
						required
						options={[
							["REFUNDED", text.refundAll],
							["UPHELD", text.uphold],
						]}
					/>
					<TextArea name="reason" label={text.reason} hint={text.reasonOfParties} required maxLength={500} />
				</Ask>
			)}
		</li>
	);
}

/** Visits that did not take place, of which the patient says that it was not so. */
export function Disputes() {
	const asked = useAddress().searchParams.get("status") ?? "";
	const status = (Object.hasOwn(text.disputeStates, asked) ? asked : "OPEN") as DisputeStatus;
	const [current, set] = useChanged<Dispute>();
	return (
		<>
			<Title text={text.disputes} />
			<p>{text.disputesHint}</p>
			<Filter label={text.state} name="status" value={status} options={Object.entries(text.disputeStates)} />
			<ZoneNote />
			<List op={listDisputes} params={{ status, limit: 20 }} empty={text.noDisputes}>
				{(disputes) => (
					<ul class="list">
						{disputes.map((d) => (
							<Card key={d.id} dispute={current(d)} set={set} />
						))}
					</ul>
				)}
			</List>
		</>
	);
}
