import { Title } from "../../app";
import { call } from "../../api/call";
import {
	approveDependantTransfer,
	endDependantTransfer,
	listDependantTransfers,
	type DependantTransfer,
} from "../../api/operations";
import { List } from "../../parts/load";
import { Time, ZoneNote } from "../../parts/time";
import { Name } from "../../parts/value";
import { Ask, PersonLink, State, useChanged } from "./shared";
import { text } from "./text";

function Card({ transfer, set }: { transfer: DependantTransfer; set: (transfer: DependantTransfer) => void }) {
	const { id } = transfer;
	const name = transfer.dependantName ?? text.dependant;
	return (
		<li class="card">
			<h2>
				<Name>{name}</Name>
			</h2>
			<dl>
				<dt>{text.state}</dt>
				<dd>
					<State id={id}>
						{transfer.status === "OPEN" && transfer.approvedAt
							? text.waitsForOwner
							: text.transferStates[transfer.status]}
					</State>
				</dd>
				<dt>{text.askedBy}</dt>
				<dd>
					<PersonLink id={transfer.requestedBy} name={transfer.requestedByName} />,{" "}
					<Time at={transfer.createdAt} />
				</dd>
				<dt>{text.otherAccepted}</dt>
				<dd>
					{transfer.acceptedBy && (
						<>
							<PersonLink id={transfer.acceptedBy} name={transfer.acceptedByName} />,{" "}
						</>
					)}
					{transfer.acceptedAt ? <Time at={transfer.acceptedAt} /> : text.notYet}
				</dd>
				{transfer.status === "OPEN" && (
					<>
						<dt>{text.expires}</dt>
						<dd>
							<Time at={transfer.expiresAt} />
						</dd>
					</>
				)}
			</dl>
			{transfer.status === "OPEN" && (
				<div class="actions">
					{!transfer.approvedAt && (
						<Ask
							button={text.approve}
							label={text.approveTransfer(name)}
							done={text.transferApproved}
							focus={"state-" + id}
							submit={async (_, key) => {
								const { data } = await call(approveDependantTransfer, { id }, undefined, {
									idempotencyKey: key,
								});
								set({ ...data, dependantName: data.dependantName ?? transfer.dependantName });
							}}
						>
							<p>{text.approveTransferHint}</p>
						</Ask>
					)}
					<Ask
						button={text.endTransfer}
						label={text.endTransferOf(name)}
						done={text.transferEnded}
						danger
						focus={"state-" + id}
						submit={async () => {
							await call(endDependantTransfer, { id });
							set({ ...transfer, status: "REFUSED" });
						}}
					>
						<p>{text.endTransferHint}</p>
					</Ask>
				</div>
			)}
		</li>
	);
}

/** Moves of a dependant's record to their own account, which staff has to confirm. */
export function Transfers() {
	const [current, set] = useChanged<DependantTransfer>();
	return (
		<>
			<Title text={text.transfers} />
			<p>{text.transfersHint}</p>
			<ZoneNote />
			<List op={listDependantTransfers} params={{ limit: 20 }} empty={text.noTransfers}>
				{(transfers) => (
					<ul class="list">
						{transfers.map((one) => (
							<Card key={one.id} transfer={current(one)} set={set} />
						))}
					</ul>
				)}
			</List>
		</>
	);
}
