import type { ReactNode } from "react";

function icon(paths: ReactNode) {
  return function Icon({ size = 18 }: { size?: number }) {
    return (
      <svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" focusable="false">
        {paths}
      </svg>
    );
  };
}

export const SparkIcon = icon(<path d="M12 3l1.9 5.6L19.5 10.5l-5.6 1.9L12 18l-1.9-5.6L4.5 10.5l5.6-1.9zM19 16.5v4M17 18.5h4" />);
export const LanguageIcon = icon(<><circle cx="12" cy="12" r="8.5" /><path d="M3.5 12h17M12 3.500c5 5.500 5 11.500 0 17M12 3.500c-5 5.500-5 11.500 0 17" /></>);
export const ShareIcon = icon(<><circle cx="6" cy="12" r="2.6" /><circle cx="17.5" cy="5.5" r="2.6" /><circle cx="17.5" cy="18.5" r="2.6" /><path d="M8.3 10.8l6.9-4M8.3 13.2l6.9 4" /></>);
export const CloseIcon = icon(<path d="M6 6l12 12M18 6L6 18" />);
export const DiceIcon = icon(<><rect x="4" y="4" width="16" height="16" rx="3.5" /><path d="M8.5 8.5h.01M15.5 8.5h.01M12 12h.01M8.5 15.5h.01M15.5 15.5h.01" strokeWidth="2.4" /></>);
export const LockIcon = icon(<><rect x="5" y="11" width="14" height="9" rx="2" /><path d="M8 11V8a4 4 0 018 0v3" /></>);
export const UnlockIcon = icon(<><rect x="5" y="11" width="14" height="9" rx="2" /><path d="M8 11V8a4 4 0 017.5-2" /></>);
export const FrameIcon = icon(<path d="M7 3v18M17 3v18M3 7h18M3 17h18" />);
export const PictureIcon = icon(<><rect x="3.5" y="5" width="17" height="14" rx="2.5" /><circle cx="9" cy="10" r="1.6" /><path d="M4 17l5-4 4 3 3-2.5 4.5 3.5" /></>);
export const PanelIcon = icon(<><rect x="3.5" y="4.5" width="17" height="15" rx="2.5" /><path d="M14.5 4.5v15" /></>);
export const ChevronIcon = icon(<path d="M6 15l6-6 6 6" />);
export const ChevronLeftIcon = icon(<path d="M14.5 6l-6 6 6 6" />);
export const ChevronRightIcon = icon(<path d="M9.5 6l6 6-6 6" />);
export const CheckIcon = icon(<path d="M5 12.500l4.500 4.500L19 7.500" />);
export const RetryIcon = icon(<path d="M20 12a8 8 0 11-2.5-5.8M20 3.5V8h-4.5" />);
export const CopyIcon = icon(<><rect x="9" y="9" width="11" height="11" rx="2" /><path d="M15 9V6a2 2 0 00-2-2H6a2 2 0 00-2 2v7a2 2 0 002 2h3" /></>);
export const PenIcon = icon(<path d="M4 20l1-4L16 5l3 3L8 19z" />);
export const SaveIcon = icon(<path d="M12 4v11M7.5 11l4.5 4.5L16.5 11M5 20h14" />);
export const ImportIcon = icon(<path d="M12 15V4M7.500 8.500L12 4l4.500 4.500M5 20h14" />);
export const HistoryIcon = icon(<path d="M4.500 12a7.500 7.500 0 102.600-5.700M4 4.500v4h4M12 8v4.500l3 2" />);
export const PlusIcon = icon(<path d="M12 5v14M5 12h14" />);
export const TrashIcon = icon(<path d="M4.5 7h15M9.500 7V4.500h5V7M6.500 7l.8 12.500h9.400L17.500 7M10 10.500v6M14 10.500v6" />);
export const BoardsIcon = icon(<><rect x="4" y="4" width="7" height="7" rx="1.5" /><rect x="13" y="4" width="7" height="7" rx="1.5" /><rect x="4" y="13" width="7" height="7" rx="1.5" /><rect x="13" y="13" width="7" height="7" rx="1.5" /></>);
export const PersonIcon = icon(<><circle cx="12" cy="8" r="3.6" /><path d="M5 20c.8-4 3.5-6 7-6s6.2 2 7 6" /></>);
export const MoonIcon = icon(<path d="M19.5 14.5A8 8 0 019.5 4.5a8 8 0 1010 10z" />);
export const SunIcon = icon(<><circle cx="12" cy="12" r="4" /><path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.600 5.6l1.4 1.4M17 17l1.400 1.400M5.600 18.400L7 17M17 7l1.400-1.400" /></>);
export const CommandIcon = icon(<><rect x="3.5" y="5" width="17" height="14" rx="2.5" /><path d="M7.5 10l2.500 2-2.500 2M12.500 14.500h4" /></>);
