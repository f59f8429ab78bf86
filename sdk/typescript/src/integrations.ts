import { Area, type Changing, type DatedQuery, type Moment, type PageQuery } from "./area.js";
import { type Page, type Schemas, segment, type Versioned } from "./client.js";

export type WebhookQuery = PageQuery & { isActive?: boolean };
export type DeliveryQuery = DatedQuery & {
  status?: "PENDING" | "DELIVERED" | "FAILED";
  eventType?: string;
};

const PATH = "/integrations/webhooks";
const one = (endpointId: string): string => `${PATH}/${segment(endpointId)}`;

/** Endpoints of outgoing webhooks and their deliveries, on the plan ENTERPRISE. */
export class Integrations extends Area {
  /** Every type of event, with an example. */
  getEventTypes(): Promise<Schemas["DescribedEventType"][]> {
    return this.client.data("GET", "/integrations/event-types");
  }
  /** Register an address that receives events. Store the secret: it is not shown again. */
  createWebhook(
    endpoint: Schemas["WebhookEndpointCreate"],
  ): Promise<Versioned<Schemas["NewWebhookEndpoint"]>> {
    return this.client.data("POST", PATH, { json: endpoint });
  }
  getWebhooks(query?: WebhookQuery): Promise<Page<Schemas["WebhookEndpoint"]>> {
    return this.client.page(PATH, query);
  }
  iterWebhooks(query?: WebhookQuery): AsyncGenerator<Schemas["WebhookEndpoint"]> {
    return this.client.items(PATH, query);
  }
  async getWebhook(endpointId: string): Promise<Versioned<Schemas["WebhookEndpoint"]>> {
    return this.client.data("GET", one(endpointId));
  }
  /** Change an endpoint, switch it off, or activate it again. */
  async updateWebhook(
    endpointId: string,
    { ifMatch, ...json }: Schemas["WebhookEndpointUpdate"] & Changing,
  ): Promise<Versioned<Schemas["WebhookEndpoint"]>> {
    return this.client.data("PUT", one(endpointId), { json, ifMatch });
  }
  /** Delete an endpoint with its deliveries. */
  async deleteWebhook(
    endpointId: string,
    changing: Changing = {},
  ): Promise<Schemas["WebhookEndpointDeleted"]> {
    return this.client.data("DELETE", one(endpointId), changing);
  }
  /** Replace the secret. For 24 hours deliveries are signed with both secrets. */
  async rotateSecret(endpointId: string): Promise<Schemas["WebhookSecret"]> {
    return this.client.data("POST", `${one(endpointId)}/rotate-secret`);
  }
  /** Send the event `ping` to an endpoint. */
  async ping(endpointId: string): Promise<Schemas["PingSent"]> {
    return this.client.data("POST", `${one(endpointId)}/ping`);
  }
  async getDeliveries(
    endpointId: string,
    query?: DeliveryQuery,
  ): Promise<Page<Schemas["WebhookDelivery"]>> {
    return this.client.page(`${one(endpointId)}/deliveries`, query);
  }
  iterDeliveries(
    endpointId: string,
    query?: DeliveryQuery,
  ): AsyncGenerator<Schemas["WebhookDelivery"]> {
    return this.client.items(`${one(endpointId)}/deliveries`, query);
  }
  /** A delivery with its payload. */
  async getDelivery(
    endpointId: string,
    deliveryId: string,
  ): Promise<Versioned<Schemas["WebhookDeliveryDetails"]>> {
    return this.client.data("GET", `${one(endpointId)}/deliveries/${segment(deliveryId)}`);
  }
  /** Deliver an event again. */
  async replayDelivery(
    endpointId: string,
    deliveryId: string,
  ): Promise<Schemas["WebhookDelivery"]> {
    const path = `${one(endpointId)}/deliveries/${segment(deliveryId)}/replay`;
    return this.client.data("POST", path);
  }
  /** Deliver everything again that has failed since a moment. */
  async replayFailed(endpointId: string, since: Moment): Promise<Schemas["ReplayScheduled"]> {
    return this.client.data("POST", `${one(endpointId)}/replay`, { json: { from: since } });
  }
}
