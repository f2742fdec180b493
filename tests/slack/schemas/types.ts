// What the JSON Schemas of the Slack tests are made from: Slack's own published types, named here,
// and corrected where they say something that Slack does not do. Never committed as schemas:
// generate.mjs makes them when a test asks for them.
import type {
  AppHomeOpenedEvent,
  AppMentionEvent,
  AppUninstalledEvent,
  BotMessageEvent,
  ChannelLeftEvent,
  FileShareMessageEvent,
  GenericMessageEvent,
  GroupLeftEvent,
  HomeView,
  KnownBlock,
  MessageChangedEvent,
  MessageDeletedEvent,
  MessageMetadata,
  ModalView,
  TokensRevokedEvent,
} from '@slack/types';
import type {
  BlockAction,
  GlobalShortcut,
  MessageShortcut,
  SlashCommand,
  ViewClosedAction,
  ViewOutput,
  ViewSubmitAction,
} from '@slack/bolt';
// web-api does not export this type; a path goes around its list of exports
import type { Manifest as SlackManifest } from '../../node_modules/@slack/web-api/dist/types/request/manifest.js';

/** Without the `[key: string]: any` that some types inherit. */
type Known<T> = { [K in keyof T as string extends K ? never : K]: T[K] };
/** The types allow any object with a `type` among the blocks; Slack allows the known ones. */
type Blocks = { blocks: KnownBlock[] };

// ---- what the program sends

export interface MessagePayload {
  text?: string;
  blocks?: KnownBlock[];
  metadata?: MessageMetadata;
}
export type ModalPayload = Omit<ModalView, 'blocks'> & Blocks;
export type HomePayload = Omit<HomeView, 'blocks'> & Blocks;
export type ViewAnswer =
  | { response_action: 'update'; view: ModalPayload }
  | { response_action: 'push'; view: ModalPayload }
  | { response_action: 'clear' }
  | { response_action: 'errors'; errors: { [block_id: string]: string } };
export type AppManifest = Known<SlackManifest>;

// ---- what Slack sends

export type SlashCommandBody = Known<SlashCommand>;
export type MessageShortcutBody = MessageShortcut;
export type GlobalShortcutBody = GlobalShortcut;
export type ViewSubmissionBody = ViewSubmitAction;
export type ViewClosedBody = ViewClosedAction;
/** In a message: the types say everything that is there. */
export type MessageActionBody = Known<BlockAction>;
/** In a view there is no response_url, although the types require one. */
export type ViewActionBody = Omit<Known<BlockAction>, 'response_url' | 'channel' | 'message' | 'view'> & {
  view: ViewOutput;
};

interface Envelope<Event> {
  token: string;
  team_id: string;
  enterprise_id?: string;
  context_team_id?: string;
  context_enterprise_id?: string | null;
  api_app_id: string;
  event: Event;
  type: 'event_callback';
  event_id: string;
  event_time: number;
  event_context?: string;
  is_ext_shared_channel?: boolean;
  authorizations?: {
    enterprise_id: string | null;
    team_id: string | null;
    user_id: string;
    is_bot: boolean;
    is_enterprise_install?: boolean;
  }[];
}
/** The types say `subtype: undefined`: JSON says it by leaving it out. */
type Plain = Omit<GenericMessageEvent, 'subtype'>;
export type AppMentionBody = Envelope<AppMentionEvent>;
export type DirectMessageBody = Envelope<Plain>;
export type FileShareBody = Envelope<FileShareMessageEvent>;
export type BotMessageBody = Envelope<BotMessageEvent>;
export type MessageChangedBody = Envelope<MessageChangedEvent>;
export type MessageDeletedBody = Envelope<MessageDeletedEvent>;
/** The types say that the view comes back as it was sent; Slack sends what it knows of it. */
export type AppHomeOpenedBody = Envelope<
  Omit<AppHomeOpenedEvent, 'view'> & { view?: ViewOutput }
>;
export type AppUninstalledBody = Envelope<AppUninstalledEvent>;
export type ChannelLeftBody = Envelope<ChannelLeftEvent>;
export type GroupLeftBody = Envelope<GroupLeftEvent>;
export type TokensRevokedBody = Envelope<TokensRevokedEvent>;
