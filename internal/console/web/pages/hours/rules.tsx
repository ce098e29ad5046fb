import { useState } from "preact/hooks";
import { Title } from "../../app";
import { call } from "../../api/call";
import { deleteAvailabilityRule, listAvailabilityRules, type Rule, type SlotChanges } from "../../api/operations";
import { Show, useLoad } from "../../parts/load";
import { ZoneNote } from "../../parts/time";
import { t } from "../../text";
import { Changes } from "./changes";
import { daysOf, inWords, isOver, moreInWords } from "./rule";
import { Special } from "./rule-pages";
import { Tabs } from "./tabs";
import { DeleteDialog } from "./delete-dialog";
import { text } from "./text";

/** A doctor's regular hours. */
export function Hours() {
	const rules = useLoad(listAvailabilityRules, { limit: 100 });
	const [unwanted, setUnwanted] = useState<Rule | null>(null);
	const [result, setResult] = useState<SlotChanges | null>(null);
	const remove = async (rule: Rule): Promise<void> => {
		const { data } = await call(deleteAvailabilityRule, { id: rule.id }, undefined);
		setUnwanted(null);
		setResult(data);
		rules.reload();
	};
	return (
		<>
			<Title text={text.title} />
			<Tabs at="/hours" />
			<p>{text.rulesHint}</p>
			<ZoneNote />
			{result && <Changes title={text.ruleDeleted} slots={result} />}
			<p class="actions">
				<a class="button primary" href="/hours/new">
					{text.addRule}
				</a>
			</p>
			<Show loaded={rules}>
				{({ items }) =>
					items.length === 0 ? (
						<p class="empty">{text.noRules}</p>
					) : (
						<ul class="list">
							{items.map((rule) => (
								<RuleCard key={rule.id} rule={rule} remove={() => setUnwanted(rule)} />
							))}
						</ul>
					)
				}
			</Show>
			{unwanted && (
				<DeleteDialog
					title={text.deleteRule}
					what={inWords(unwanted)}
					hint={text.deleteRuleHint}
					remove={() => remove(unwanted)}
					close={() => setUnwanted(null)}
				/>
			)}
		</>
	);
}

function RuleCard({ rule, remove }: { rule: Rule; remove: () => void }) {
	const words = inWords(rule);
	return (
		<li class="card">
			<h2>{words}</h2>
			{isOver(rule) && <p class="chip">{text.over}</p>}
			{moreInWords(rule).map((more) => (
				<p key={more}>{more}</p>
			))}
			{!daysOf(rule) && <Special rule={rule} />}
			<div class="actions">
				{daysOf(rule) && (
					<a class="button" href={"/hours/rules/" + rule.id} aria-label={text.named(t.edit, words)}>
						{t.edit}
					</a>
				)}
				<button type="button" aria-label={text.named(text.delete, words)} onClick={remove}>
					{text.delete}
				</button>
			</div>
		</li>
	);
}
