import { Title } from "../../app";
import { readConsultation, readConsultationPayment, readDoctor, type Consultation } from "../../api/operations";
import { Show, useLoad } from "../../parts/load";
import { Time, ZoneNote } from "../../parts/time";
import { Name, money } from "../../parts/value";
import { currentUser } from "../../session";
import { t } from "../../text";
import type { PageProps } from "..";
import { MoneyTables } from "./money";
import { about, DoctorOfSheet, noVisit } from "./shared";
import { text } from "./text";

/** The payment of one visit, to keep on paper. The address has the id of the visit. */
export function Receipt({ params }: PageProps) {
	const id = params["id"] ?? "";
	const visit = useLoad(readConsultation, { id }, about(id));
	return (
		<>
			<p class="print-only">{t.product}</p>
			<Title text={text.receiptTitle} />
			<Show loaded={visit} gone={noVisit()}>
				{(data) => <Sheet visit={data} />}
			</Show>
		</>
	);
}

function Sheet({ visit }: { visit: Consultation }) {
	const payment = useLoad(readConsultationPayment, { consultationId: visit.id }, about(visit.id));
	const doctor = useLoad(readDoctor, { id: visit.doctorId }).data;
	return (
		<>
			{visit.paymentStatus !== "PAID" && <p class="warning">{text.notReceipt}</p>}
			<Show loaded={payment} own={text.problems}>
				{(data) => {
					const captured = data.attempts
						.filter((a) => a.capturedCurrency === data.currency)
						.reduce((sum, a) => sum + Number(a.captured), 0);
					const back = data.refunds
						.filter((r) => r.status === "SUCCEEDED" || r.status === "PENDING")
						.reduce((sum, r) => sum + Number(r.amount), 0);
					if (captured === 0) return null;
					return (
						<>
							<dl>
								<dt>{text.received}</dt>
								<dd>
									<Name>{currentUser()?.fullName ?? ""}</Name>
								</dd>
								<dt>{text.visit}</dt>
								<dd>
									<Time at={visit.startTime} />
								</dd>
								<dt>{text.doctor}</dt>
								<DoctorOfSheet name={visit.doctorName ?? ""} doctor={doctor} />
								<dt>{text.forWhom}</dt>
								<dd>
									<Name>{visit.patientName ?? ""}</Name>
								</dd>
								<dt>{text.amount}</dt>
								<dd>{money(String(captured), data.currency)}</dd>
								<dt>{text.refunded}</dt>
								<dd>{back > 0 ? money(String(back), data.currency) : text.noRefunds}</dd>
								<dt>{text.total}</dt>
								<dd>
									<strong>{money((captured - back).toFixed(2), data.currency)}</strong>
								</dd>
								{data.transactionReference && (
									<>
										<dt>{text.reference}</dt>
										<dd>{data.transactionReference}</dd>
									</>
								)}
							</dl>
							<MoneyTables payment={data} />
						</>
					);
				}}
			</Show>
			<ZoneNote />
			<div class="actions">
				{visit.paymentStatus === "PAID" && (
					<button type="button" class="primary" onClick={() => print()}>
						{t.print}
					</button>
				)}
				<a class="button" href={"/visits/" + visit.id}>
					{text.toVisit}
				</a>
			</div>
		</>
	);
}
