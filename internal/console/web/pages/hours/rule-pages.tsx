import { useState } from "preact/hooks";
import { Title } from "../../app";
import { call } from "../../api/call";
import {
	createAvailabilityRule,
	listAvailabilityRules,
	readAvailabilityRule,
	updateAvailabilityRule,
	type Rule as StoredRule,
	type SlotChanges,
} from "../../api/operations";
import type { PageProps } from "..";
import { Show, useLoad } from "../../parts/load";
import { ZoneNote } from "../../parts/time";
import { t } from "../../text";
import { ApplyFirst } from "./apply-first";
import { Changes } from "./changes";
import { RuleForm, newRule } from "./rule-form";
import { daysOf, inWords, moreInWords, requestOf } from "./rule";
import { text } from "./text";

function Back() {
	return (
		<a class="button" href="/hours">
			{t.cancel}
		</a>
	);
}

/** Writes new hours. */
export function NewRule() {
	const rules = useLoad(listAvailabilityRules, { limit: 100 });
	const [done, setDone] = useState<Done | null>(null);
	if (done) return <Saved {...done} />;
	return (
		<>
			<Title text={text.newRule} />
			<p>{text.newRuleHint}</p>
			<ApplyFirst />
			<Show loaded={rules}>
				{({ items }) => (
					<RuleForm
						initial={newRule()}
						rules={items}
						action={text.saveRule}
						aside={<Back />}
						save={async (rule, key) => {
							const { data } = await call(createAvailabilityRule, {}, rule, { idempotencyKey: key });
							setDone({ rule: data, slots: data.slots });
						}}
					/>
				)}
			</Show>
		</>
	);
}

/** Changes hours. */
export function Rule({ params }: PageProps) {
	const rule = useLoad(readAvailabilityRule, { id: params["id"] ?? "" });
	const rules = useLoad(listAvailabilityRules, { limit: 100 });
	const [done, setDone] = useState<Done | null>(null);
	if (done) return <Saved {...done} />;
	return (
		<>
			<Title text={text.changeRule} />
			<Show loaded={rule} gone={{ text: t.problems["not-found"] ?? "", href: "/hours", link: t.nav.hours }}>
				{(stored) =>
					daysOf(stored) ? (
						<>
							<p>{text.changeRuleHint}</p>
							<RuleForm
								key={rule.etag}
								initial={requestOf(stored)}
								rules={rules.data?.items ?? []}
								action={text.saveRule}
								aside={<Back />}
								changed={rule.reload}
								save={async (next) => {
									const { data } = await call(
										updateAvailabilityRule,
										{ id: stored.id },
										{ ...next, validTo: next.validTo ?? null },
										{ ifMatch: rule.etag },
									);
									setDone({ rule: data, slots: data.slots });
								}}
							/>
						</>
					) : (
						<>
							<p>{inWords(stored)}</p>
							<Special rule={stored} />
							<p>
								<a href="/hours">{t.back}</a>
							</p>
						</>
					)
				}
			</Show>
			{!rule.data && rule.error !== undefined && (
				<p>
					<a href="/hours">{text.toRules}</a>
				</p>
			)}
		</>
	);
}

/** Days that the form can't show, as they were written. */
export function Special({ rule }: { rule: StoredRule }) {
	return (
		<>
			<p>
				<code>{rule.rrule}</code>
			</p>
			<p class="small">{text.specialHint}</p>
		</>
	);
}

interface Done {
	rule: StoredRule;
	slots: SlotChanges;
}

function Saved({ rule, slots }: Done) {
	return (
		<>
			<Title text={text.ruleSaved} />
			<ZoneNote />
			<Changes title={inWords(rule) + "."} slots={slots} nothing={text.nothingOpened}>
				{moreInWords(rule).map((more) => (
					<p key={more}>{more}</p>
				))}
			</Changes>
			<p class="actions">
				<a class="button primary" href="/hours">
					{text.toRules}
				</a>
				<a class="button" href="/hours/slots">
					{text.toSlots}
				</a>
			</p>
		</>
	);
}
