import { call, isProblem } from "../../api/call";
import {
	cancelErasure,
	disableUser,
	readErasure,
	requestErasure,
	resetUserMfa,
	updateUserRole,
	type ErasureRequest,
	type StaffUser,
} from "../../api/operations";
import { Checkbox, TextArea } from "../../parts/form";
import { Show, useLoad, type Loaded } from "../../parts/load";
import { Time } from "../../parts/time";
import { t } from "../../text";
import { Ask } from "./shared";
import { text } from "./text";

/** Asks to confirm that visits to come are cancelled, with the number that the refusal names. */
function confirmVisits(error: unknown) {
	if (!isProblem(error, "has-consultations")) return null;
	return <Checkbox name="cancelConsultations" label={text.confirmVisits(error.count)} required />;
}

/** What administrators do with an account of somebody else. */
export function PersonActions({ user, loaded }: { user: StaffUser; loaded: Loaded<StaffUser> }) {
	const otherRole = user.role === "ADMIN" ? "SUPPORT" : "ADMIN";
	const isDisabled = user.disabledAt !== null;
	const { id } = user;
	return (
		<div class="actions">
			<Ask
				key={String(isDisabled)}
				button={isDisabled ? text.enable : text.disable}
				title={isDisabled ? text.enableTitle(user.fullName) : text.disableTitle(user.fullName)}
				done={isDisabled ? text.enabledNow : text.disabledNow}
				danger={!isDisabled}
				focus="account"

				onRefusal={confirmVisits}
				submit={async (values) => {
					const reason = values.optional("reason");
					const isConfirmed = values.checked("cancelConsultations");
					loaded.set(
						await call(
							disableUser,
							{ id },
							{
								disabled: !isDisabled,
								...(reason && { reason }),
								...(isConfirmed && { cancelConsultations: true }),
							},
						),
					);
				}}
			>
				<p>{isDisabled ? text.enableHint : text.disableHint}</p>
				<TextArea
					name="reason"
					label={text.reason}
					hint={text.reasonMailed}
					required={!isDisabled}
					maxLength={500}
				/>
			</Ask>
			{(user.role === "SUPPORT" || user.role === "ADMIN") && (
				<Ask
					key={user.role}
					button={text.makeRole(t.roles[otherRole])}
					done={t.saved}
					focus="account"

					submit={async () => loaded.set(await call(updateUserRole, { id }, { role: otherRole }))}
				>
					<p>{otherRole === "ADMIN" ? text.adminHint : text.supportHint}</p>
				</Ask>
			)}
			{user.mfaEnabled && (
				<Ask
					button={text.resetFactor}
					done={text.factorReset}
					danger
					focus="account"

					submit={async (_, key) => {
						await call(resetUserMfa, { id }, undefined, { idempotencyKey: key });
						loaded.reload();
					}}
				>
					<p>{text.resetHint}</p>
				</Ask>
			)}
		</div>
	);
}

/** The erasure of somebody's data: its state, or a way to ask for it. */
export function ErasureOf({ user }: { user: StaffUser }) {
	const { id } = user;
	const loaded = useLoad(readErasure, { id });
	const isNone = isProblem(loaded.error, "not-found");
	return (
		<>
			<h2 id="erasure" tabIndex={-1}>
				{text.erasure}
			</h2>
			{isNone ? (
				<>
					<p>{text.noErasure}</p>
					<Ask
						button={text.askErasure}
						title={text.erasureTitle(user.fullName)}
						done={text.erasureAsked}
						danger
						focus="erasure"

						onRefusal={confirmVisits}
						submit={async (values, key) => {
							const body: ErasureRequest = values.checked("cancelConsultations")
								? { cancelConsultations: true }
								: {};
							loaded.set(await call(requestErasure, { id }, body, { idempotencyKey: key }));
						}}
					>
						<p>{text.erasureHint}</p>
					</Ask>
				</>
			) : (
				<Show loaded={loaded}>
					{(erasure) => (
						<>
							<dl>
								<dt>{text.state}</dt>
								<dd>{text.erasureStates[erasure.status]}</dd>
								<dt>{text.askedAt}</dt>
								<dd>
									<Time at={erasure.requestedAt} />
								</dd>
								<dt>{text.erasedAt}</dt>
								<dd>
									<Time at={erasure.dueAt} />
								</dd>
								{erasure.clinical.until && (
									<>
										<dt>{text.recordsUntil(erasure.clinical.consultations)}</dt>
										<dd>
											<Time at={erasure.clinical.until} show="date" />
										</dd>
									</>
								)}
							</dl>
							{erasure.status === "PENDING" && (
								<Ask
									button={text.cancelErasure}
									done={text.erasureCancelled}
									focus="erasure"
									own={{ ...text.refusals, "not-found": text.erasureBegun }}
									submit={async () => {
										await call(cancelErasure, { id });
										loaded.reload();
									}}
								>
									<p>{text.cancelErasureHint}</p>
								</Ask>
							)}
						</>
					)}
				</Show>
			)}
		</>
	);
}
