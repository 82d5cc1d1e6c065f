// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Key} from "../types/Key.sol";

/// @title ChannelHub: payment and state channels between two parties, in one immutable singleton
/// @notice A channel is named by its `Key` and lives in a few storage words under its id. Each party signs cumulative
/// counters of what it has sent, plain ones (`Voucher`) and ones with conditional payments on top (`LockVoucher`). For
/// each direction the hub keeps the highest plain counter, and apart from it the claim of the newest lock voucher, and
/// `paid = max(plain, claim)`, `payA = clamp(netA - paidA + paidB, 0, netA + netB)`, the rest is B's. Posting commutes:
/// what is paid depends on what was posted in the window, not on the order, nor on who posted it.
/// @dev Nobody owns the hub; it has no proxy, no pause and no fee. `dispute open` means `block.timestamp <= deadline`.
/// @custom:security Money leaves a channel only (1) with both parties' signatures (`close`, `withdraw`, `move`),
/// (2) by the counters, after a challenge window (`settle`), (3) in a simplex channel to the payee for a voucher
/// (`claim*`, `closeSimplex`) or to the payer after its exit delay (`exit`). A push that fails is credited to its
/// receiver in `owed` and stops nobody else.
interface IChannelHub {
    // ------------------------------------------------------------------------------------------------------ Types

    /// @notice How one part of a pulled deposit is authorised.
    enum Source {
        /// @dev `transferFrom(msg.sender)`: the caller's own allowance. `data` is empty.
        Allowance,
        /// @dev EIP-3009 `receiveWithAuthorization` by the side's owner. The nonce is
        /// `keccak256(abi.encode(channelId, salt))`, which binds the authorisation to the channel.
        /// `data = abi.encode(bytes32 salt, uint256 validAfter, uint256 validBefore, bytes signature)`.
        Authorization,
        /// @dev EIP-2612 permit for the hub plus a `Deposit` message, both signed by the side's owner. `nonce` is any
        /// number that the owner has not used in a `Deposit` before.
        /// `data = abi.encode(uint256 permitValue, uint256 permitDeadline, bytes permitSignature, uint48 validUntil,
        /// bytes depositSignature, uint256 nonce)`. An empty permit signature uses the allowance that stands.
        Permit,
        /// @dev Permit2 `permitWitnessTransferFrom` by the side's owner, the channel id being the witness.
        /// `data = abi.encode(uint256 nonce, uint256 deadline, bytes signature)`.
        Permit2
    }

    /// @notice One part of a pulled deposit.
    /// @param source how it is authorised
    /// @param sideB credited to side B, else to side A; the owner of the money is that side, except for `Allowance`
    /// @param amount token units
    /// @param data see `Source`
    struct Pull {
        Source source;
        bool sideB;
        uint112 amount;
        bytes data;
    }

    /// @notice A lock-bearing proof of one direction.
    /// @param amount cumulative counter without the locks, token units
    /// @param nonce grows by at least one with each lock proof of the direction; never zero
    /// @param locked sum of the lock amounts
    /// @param lastExpiry the latest expiry among the locks, Unix seconds
    /// @param locksRoot Merkle root of the packed locks, see `unlock`; zero without locks
    /// @param signature by the sender's key, or a session proof
    struct LockProof {
        uint256 amount;
        uint256 nonce;
        uint256 locked;
        uint256 lastExpiry;
        bytes32 locksRoot;
        bytes signature;
    }

    // ----------------------------------------------------------------------------------------------------- Events

    /// @notice Money arrived. `nets = uint111(netA) | uint111(netB) << 111`, the signed sums after it (of a simplex
    /// channel: the deposit and what was claimed).
    event Deposited(bytes32 indexed channelId, uint256 nets);
    /// @notice Co-signed money left an open channel. `nets` as above, after it; `epoch` is the next one to sign.
    event Withdrawn(bytes32 indexed channelId, uint256 nets, uint32 epoch);
    /// @notice A challenge window (duplex) or an exit delay (simplex) was started or extended.
    event DisputeStarted(bytes32 indexed channelId, uint256 deadline);
    /// @notice A plain counter was posted. `sents = sentA | sentB << 112`, after it.
    event CounterPosted(bytes32 indexed channelId, uint256 sents);
    /// @notice A lock-bearing proof was posted for one direction, with this counter and these locks.
    event LocksPosted(bytes32 indexed channelId, bool fromB, uint256 nonce, uint256 amount, bytes32 locksRoot);
    /// @notice Locks of a direction were resolved. `claim` is the direction's claim word after it:
    /// `claimed(112) | resolved locks, one bit each(112) << 112 | latest(32) << 224`.
    event Unlocked(bytes32 indexed channelId, bool fromB, uint256 claim);
    /// @notice The preimage of a hash lock became public: what a mediator needs upstream.
    event PreimageRevealed(bytes32 indexed hashLock, bytes32 preimage);
    /// @notice An account named a session key, for good.
    event SessionRegistered(
        address indexed owner, bytes32 indexed channelId, address key, uint128 cap, uint48 validUntil, uint8 rights
    );
    /// @notice The channel ended. `pays = payA | payB << 128`.
    event Closed(bytes32 indexed channelId, uint256 pays);
    /// @notice A simplex payee was paid up to the cumulative `sent`.
    event Claimed(bytes32 indexed channelId, uint256 sent);
    /// @notice A push failed; the amount waits in `owed`.
    event PayoutDeferred(address indexed account, address indexed token, uint256 amount);
    /// @notice An owed amount was collected.
    event Swept(address indexed account, address indexed token, address to, uint256 amount);

    // ----------------------------------------------------------------------------------------------------- Errors

    /// @notice The key breaks a rule: equal or zero parties, unknown flags, delay out of bounds.
    error KeyInvalid(bytes32 channelId);
    /// @notice The act belongs to the other kind of channel (duplex or simplex).
    error ChannelModeWrong(bytes32 channelId);
    /// @notice First deposit after `openBefore`.
    error OpeningExpired(bytes32 channelId, uint256 timestamp, uint256 openBefore);
    /// @notice The channel holds nothing here, or never existed.
    error ChannelNotOpen(bytes32 channelId);
    /// @notice The channel is closed for good.
    error ChannelClosed(bytes32 channelId);
    /// @notice The act is not possible while a dispute or an exit runs.
    error DisputeRunning(bytes32 channelId, uint256 deadline);
    /// @notice The act needs a running dispute and there is none, or its window is over.
    error DisputeNotOpen(bytes32 channelId, uint256 timestamp, uint256 deadline);
    /// @notice The window is still open.
    error DisputeNotOver(bytes32 channelId, uint256 timestamp, uint256 deadline);
    /// @notice The caller is not the one who may do this.
    error CallerUnauthorized(address caller);
    /// @notice The signature is not by `signer` over the expected message.
    error SignatureInvalid(address signer);
    /// @notice A signed consent is past its last second.
    error ConsentExpired(uint256 timestamp, uint256 validUntil);
    /// @notice A session key lacks the right, or the amount passes its cap.
    error SessionExceeded(address key, uint256 have, uint256 need);
    /// @notice The counter is not above the one that stands.
    error CounterStale(bytes32 channelId, uint256 have, uint256 given);
    /// @notice The lock nonce is not above the one that stands.
    error NonceStale(bytes32 channelId, uint256 have, uint256 given);
    /// @notice The proof would move the deadline behind the last second that this direction may reach.
    error WindowExhausted(bytes32 channelId, uint256 deadline, uint256 latest);
    /// @notice The opened locks are not of the posted proof.
    error LocksMismatch(bytes32 channelId);
    /// @notice The last expiry lies too far ahead.
    error LockExpiryTooFar(uint256 lastExpiry, uint256 latest);
    /// @notice No opened lock could be resolved.
    error NothingUnlocked(bytes32 channelId);
    /// @notice More was asked than the channel holds, or a sum leaves its range.
    error AmountOutOfRange(bytes32 channelId, uint256 have, uint256 need);
    /// @notice The ether sent is not the amount named.
    error ValueMismatch(uint256 have, uint256 need);
    /// @notice The hub's balance did not grow by the amount named (fee-on-transfer, lying or missing token).
    error TransferShort(address token, uint256 have, uint256 need);
    /// @notice Both channels of a move must hold the same token.
    error TokenMismatch(address have, address need);
    /// @notice Packed rows are cut short.
    error RowsMalformed(uint256 length);
    /// @notice Not one row of the batch was payable.
    error NothingClaimed();
    /// @notice Nothing is owed.
    error NothingOwed(address account, address token);
    /// @notice A push of an owed amount failed again.
    error SweepFailed(address to, address token);
    /// @notice Too little gas was left for a push to be judged.
    error GasTooLow(uint256 have, uint256 need);
    /// @notice A deposit was re-entered.
    error Reentered();

    // ------------------------------------------------------------------------------------------------------ Views

    /// @notice The id of a key: `keccak256(abi.encode(key))` with the low 40 bits replaced by
    /// `openBefore << 8 | (token != 0 ? 1 : 0) | (simplex ? 2 : 0)`, so that ether can be deposited by id alone.
    function channelId(Key calldata key) external pure returns (bytes32);

    /// @notice The raw words of a channel: `slot0`, `slot1`, then proof and claim word of A's direction and of B's.
    function channel(bytes32 id)
        external
        view
        returns (uint256 slot0, uint256 slot1, uint256 proofA, uint256 claimA, uint256 proofB, uint256 claimB);

    /// @notice Which `Deposit` nonces of `owner` are used: bit `nonce & 255` of word `nonce >> 8`.
    function depositNonces(address owner, uint256 word) external view returns (uint256 bits);

    /// @notice True once `owner` registered the session with this EIP-712 struct hash. Never false again.
    function isRegistered(address owner, bytes32 structHash) external view returns (bool);

    /// @notice What a failed push left for `account`, token units.
    function owed(address account, address token) external view returns (uint256);

    /// @notice The EIP-712 domain separator on this chain.
    function domainSeparator() external view returns (bytes32);

    /// @notice Shortest and longest challenge window or exit delay, seconds; other values in a key are clamped.
    function delayBounds() external view returns (uint32 minimum, uint32 maximum);

    /// @notice How far ahead the last expiry of a posted lock proof may lie, seconds.
    function maxLockDuration() external view returns (uint32);

    /// @notice The Permit2 contract that `Source.Permit2` uses.
    function permit2() external view returns (address);

    // ---------------------------------------------------------------------------------------------------- Actions

    /// @notice Deposit the caller's ether or tokens for either side or both; opens the channel if it is new.
    function deposit(Key calldata key, uint112 amountA, uint112 amountB) external payable;

    /// @notice Deposit ether by id alone, the cheapest way to open or fund. Only ids of ether channels are taken.
    function depositETH(bytes32 id, bool sideB) external payable;

    /// @notice Deposit tokens pulled by allowance, EIP-3009, EIP-2612 or Permit2, for both sides at once if wished.
    /// A part whose authorisation was used already counts for nothing and does not stop the others.
    function depositPulled(Key calldata key, Pull[] calldata pulls) external;

    /// @notice Close at co-signed final counters; also ends a running dispute. A caller needs no signature of its own.
    /// @dev Counters, not payouts, are signed: a deposit or a withdrawal that lands first cannot make the close fail.
    function close(Key calldata key, uint128 sentA, uint128 sentB, bytes calldata signatureA, bytes calldata signatureB)
        external;

    /// @notice Co-signed partial withdrawal from an open channel.
    function withdraw(
        Key calldata key,
        uint128 outA,
        uint128 outB,
        uint48 validUntil,
        bytes calldata signatureA,
        bytes calldata signatureB
    ) external;

    /// @notice Co-signed move from one channel into another of the same token, without a token transfer.
    /// `outA + outB` must equal `inA + inB`; the parties of `from` sign.
    function move(
        Key calldata from,
        Key calldata to,
        uint256[4] calldata amounts,
        uint48 validUntil,
        bytes calldata signatureA,
        bytes calldata signatureB
    ) external;

    /// @notice Register the caller's session key on chain: `Session(channelId, key, cap, validUntil, rights)` then needs
    /// no signature of the owner. For accounts that are contracts: they have no key of their own to sign counters with,
    /// and a receiver can only rely on a signer that cannot be taken back. Nothing takes it back before `validUntil`.
    function registerSession(bytes32 channelId, address key, uint128 cap, uint48 validUntil, uint8 rights) external;

    /// @notice Start a unilateral close as a party, with the newest voucher received (`amount` 0 for none).
    function startClose(Key calldata key, uint128 amount, bytes calldata signature) external;

    /// @notice Start a unilateral close as a session key with the right to do so.
    /// @param forB the session belongs to B
    /// @param session `key(20) | cap(16) | validUntil(6) | rights(1) | owner signature`; the caller is the key
    function startCloseAs(Key calldata key, bool forB, bytes calldata session, uint128 amount, bytes calldata signature)
        external;

    /// @notice Post a higher voucher of one direction while the dispute is open. Anybody may.
    function post(Key calldata key, bool fromB, uint128 amount, bytes calldata signature) external;

    /// @notice Post a lock-bearing proof of one direction: its receiver, or anybody with the receiver's `Accept`. A
    /// receiver that calls it on an open channel starts the dispute. A higher nonce replaces the claim whole, with what
    /// was unlocked under it; a lower one is refused. The window then lasts at least until `lastExpiry`, and, unless the
    /// sender itself called, for one delay from now: the sender may hold a newer proof. In sum a direction can move
    /// the deadline to two delays and `maxLockDuration` from its first proof, not further.
    /// @param accept the receiver's signature under `Accept(channelId, fromB, nonce, hash of the LockVoucher)`; not
    /// read when the receiver calls
    function postLocks(Key calldata key, bool fromB, LockProof calldata proof, bytes calldata accept) external;

    /// @notice Resolve locks of the posted proof while the dispute is open. Anybody may open hash locks. Voucher and
    /// contract locks can be resolved to less than they are worth: they need the receiver as the caller, whose choice
    /// is final, or its consent to this lock and this resolution; of several consents the one that pays most counts.
    /// What cannot be resolved, or is resolved already, is skipped.
    /// @param limit amount plus locked sum of the posted proof
    /// @param openings for each lock, by rising index: `index(1) | lock(53) | consentLength(2) | resolutionLength(3) |
    /// consent | resolution`; the lock is `amount(14) | expiry(6) | kind(1) | condition(32)` and its leaf is its keccak.
    /// The consent is the receiver's signature under `Resolve(channelId, fromB, leaf, keccak256(resolution))`. The
    /// resolution of a hash lock (kind 0) is the 32-byte preimage; of a voucher lock (kind 1)
    /// `payer(20) | payee(20) | salt(32) | amount(16) | signature`; of a contract lock (kind 2)
    /// `condition(20) | termsLength(4) | terms | evidence`
    /// @param siblings the other nodes of the tree, level by level from the leaves, from left to right
    function unlock(Key calldata key, bool fromB, uint256 limit, bytes calldata openings, bytes32[] calldata siblings)
        external;

    /// @notice Pay both parties by what was posted once the window is over. Anybody may.
    function settle(Key calldata key) external;

    /// @notice Pay a simplex payee for many channels at once; unpayable rows are skipped. Anybody may.
    /// @param rows 116 bytes each: `payer(20) | delay(4) openBefore(4) salt(8) | amount(16) | r(32) | vs(32)` (EIP-2098)
    /// @param sessionRows 223 bytes each: a row as above, signed by a session key, then its grant:
    /// `key(20) | cap(16) | validUntil(6) | rights(1) | r(32) | vs(32)`, by the payer; zero for a registered session
    function claim(address payee, address token, bytes calldata rows, bytes calldata sessionRows) external;

    /// @notice Pay a simplex payee for one voucher, signed by the payer's key or its session key. Anybody may.
    function claimVoucher(Key calldata key, uint128 amount, bytes calldata signature) external;

    /// @notice End a simplex channel at once: the payee gets the voucher, the payer the rest. The payee calls, or its
    /// `Close(channelId, amount, 0)` signature is given. `amount` 0 closes at what was claimed.
    function closeSimplex(
        Key calldata key,
        uint128 amount,
        bytes calldata voucherSignature,
        bytes calldata payeeSignature
    ) external;

    /// @notice Start the payer's exit from a simplex channel. The payee can claim until the exit is executed.
    function requestExit(Key calldata key) external;

    /// @notice Pay a simplex payer what was not claimed, once its delay is over. Anybody may.
    function exit(Key calldata key) external;

    /// @notice Collect what failed pushes left for the caller, to an address of its choice.
    function sweep(address token, address to) external;
}
