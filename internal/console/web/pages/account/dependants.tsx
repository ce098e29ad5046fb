import { useState } from "preact/hooks";
import { call } from "../../api/call";
import { deleteDependant, listDependants, type Dependant } from "../../api/operations";
import { announce } from "../../parts/announce";
import { Dialog } from "../../parts/dialog";
import { Form } from "../../parts/form";
import { List } from "../../parts/load";
import { plainDate, ZoneNote } from "../../parts/time";
import { Name } from "../../parts/value";
import { t } from "../../text";
import { focusOn } from "../../parts/focus";
import { DependantForm } from "./dependant-form";
import { Frame } from "./frame";
import { text } from "./text";
import { TransferForm, Transfers } from "./transfers";

/** What is being done, and with whom. */
type Doing = { what: "add" } | { what: "edit" | "move" | "remove"; dependant: Dependant };

/** Those for whom a patient books, and the moves of their records. */
export function Dependants() {
	const own = text.dependants;
	const [round, setRound] = useState(0);
	const [doing, setDoing] = useState<Doing | null>(null);
	const done = (said: string, focus = "all"): void => {
		setDoing(null);
		setRound((n) => n + 1);
		announce(said);
		focusOn(focus);
	};
	return (
		<Frame title={own.title}>
			<p>{own.what}</p>
			<h2 id="all" tabIndex={-1}>
				{own.all}
			</h2>
			<List key={`d${round}`} op={listDependants} params={{}} empty={own.none}>
				{(items) => (
					<ul class="cards">
						{items.map((dependant) => (
							<Card
								key={dependant.id}
								dependant={dependant}
								act={(what) => setDoing({ what, dependant })}
							/>
						))}
					</ul>
				)}
			</List>
			<button type="button" class="primary" onClick={() => setDoing({ what: "add" })}>
				{own.add}
			</button>
			<Transfers round={round} changed={(said) => done(said, "transfers")} />
			<ZoneNote />
			{doing && <Doer doing={doing} close={() => setDoing(null)} done={done} />}
		</Frame>
	);
}

interface CardProps {
	dependant: Dependant;
	act: (what: "edit" | "move" | "remove") => void;
}

function Card({ dependant, act }: CardProps) {
	const own = text.dependants;
	const name = dependant.fullName;
	return (
		<li class="card">
			<h3>
				<Name>{name}</Name>
			</h3>
			<dl>
				<dt>{own.relation}</dt>
				<dd>{text.relations[dependant.relation]}</dd>
				<dt>{own.born}</dt>
				<dd>{dependant.dateOfBirth ? plainDate(dependant.dateOfBirth) : own.erased}</dd>
				{dependant.gender && (
					<>
						<dt>{own.gender}</dt>
						<dd>{t.genders[dependant.gender]}</dd>
					</>
				)}
			</dl>
			<div class="actions">
				<button type="button" aria-label={own.editOne(name)} onClick={() => act("edit")}>
					{t.edit}
				</button>
				<button type="button" aria-label={own.moveOne(name)} onClick={() => act("move")}>
					{own.move}
				</button>
				<button type="button" aria-label={own.removeOne(name)} onClick={() => act("remove")}>
					{t.remove}
				</button>
			</div>
		</li>
	);
}

interface DoerProps {
	doing: Doing;
	close: () => void;
	done: (said: string, focus?: string) => void;
}

/** The dialog of what is being done. */
function Doer({ doing, close, done }: DoerProps) {
	const own = text.dependants;
	if (doing.what === "add") {
		return (
			<Dialog title={own.add} close={close}>
				<DependantForm done={() => done(own.added)} />
			</Dialog>
		);
	}
	const { dependant } = doing;
	switch (doing.what) {
		case "edit":
			return (
				<Dialog title={own.editOne(dependant.fullName)} close={close}>
					<DependantForm dependant={dependant} done={() => done(t.saved)} />
				</Dialog>
			);
		case "move":
			return (
				<Dialog title={own.moveOne(dependant.fullName)} close={close}>
					<TransferForm dependant={dependant} done={() => done(text.transfers.asked, "transfers")} />
				</Dialog>
			);
		case "remove":
			return (
				<Dialog title={own.removeOne(dependant.fullName)} close={close}>
					<p>{own.removeHint}</p>
					<Form
						action={t.remove}
						danger
						own={{ "dependant-has-consultations": own.hasVisits }}
						submit={async () => {
							await call(deleteDependant, { id: dependant.id });
							done(own.removed);
						}}
					>
						{null}
					</Form>
				</Dialog>
			);
	}
}
