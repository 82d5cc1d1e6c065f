// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Key} from "../types/Key.sol";
import {IChannelHubErrors} from "./IChannelHubErrors.sol";
import {IChannelHubTypes} from "./IChannelHubTypes.sol";

/// @title Payment and state channels between two parties, in one immutable singleton
/// @notice A channel is named by its `Key` and uses a few storage words under its id. Each party signs cumulative
/// counters of the amount it has sent: plain ones (`Voucher`) and ones with conditional payments (`LockVoucher`). For
/// each direction the hub keeps the highest plain counter and, separately, the claim of the newest lock voucher. The
/// payouts are `paid = max(plain, claim)`, `payA = clamp(netA - paidA + paidB, 0, netA + netB)`, and the rest for B.
/// Posting commutes: the payouts depend on the set of proofs posted in the window, not on their order or their sender.
/// @dev The hub has no owner, no proxy, no pause and no fee. A dispute is open while `block.timestamp <= deadline`.
/// @custom:security Money leaves a channel only (1) with both parties' signatures (`close`, `withdraw`, `move`),
/// (2) by the counters, after a challenge window (`settle`), (3) in a simplex channel to the payee for a voucher
/// (`claim`, `claimVoucher`, `closeSimplex`) or to the payer after its exit delay (`exit`). A failed push is credited
/// to its receiver in `pendingWithdrawals` and does not block other payments.
interface IChannelHub is IChannelHubTypes, IChannelHubErrors {
    // ------------------------------------------------------------------------------------------------------ Views

    /// @notice Returns the id of a key: `keccak256(abi.encode(key))` with the low 40 bits replaced by
    /// `openBefore << 8 | (token != 0 ? 1 : 0) | (simplex ? 2 : 0)`, so that ether can be deposited by id alone.
    /// @param key The key of the channel
    /// @return The id
    function channelId(Key calldata key) external pure returns (bytes32);

    /// @notice Returns the raw storage words of a channel, packed as described in `Slots`.
    /// @param id The id of the channel
    /// @return slot0 The nets, the claim flags and the deadline
    /// @return slot1 The plain counters and the epoch
    /// @return proofA The lock proof of A's direction
    /// @return claimA The claim of A's direction
    /// @return proofB The lock proof of B's direction
    /// @return claimB The claim of B's direction
    function channel(bytes32 id)
        external
        view
        returns (uint256 slot0, uint256 slot1, uint256 proofA, uint256 claimA, uint256 proofB, uint256 claimB);

    /// @notice Returns the used `Deposit` nonces of an owner: bit `nonce & 255` of word `nonce >> 8`.
    /// @param owner The signer of the deposits
    /// @param word The index of the word
    /// @return bits The word, with one bit set for each used nonce
    function depositNonces(address owner, uint256 word) external view returns (uint256 bits);

    /// @notice Returns true if the owner has registered the session. A registration is permanent.
    /// @param owner The account
    /// @param structHash The EIP-712 struct hash of the session
    /// @return True if registered
    function isRegistered(address owner, bytes32 structHash) external view returns (bool);

    /// @notice Returns the amount that failed pushes left for an account.
    /// @param account The account
    /// @param token The token, zero for ether
    /// @return The amount in token units
    function pendingWithdrawals(address account, address token) external view returns (uint256);

    /// @notice Returns the EIP-712 domain separator on this chain.
    /// @return The domain separator
    function domainSeparator() external view returns (bytes32);

    /// @notice Returns the bounds of challenge windows and exit delays. Other values in a key are clamped.
    /// @return minimum The shortest delay in seconds
    /// @return maximum The longest delay in seconds
    function delayBounds() external view returns (uint32 minimum, uint32 maximum);

    /// @notice Returns the longest time from posting a lock proof to its last expiry.
    /// @return The duration in seconds
    function maxLockDuration() external view returns (uint32);

    /// @notice Returns the Permit2 contract that `Source.Permit2` uses.
    /// @return The address
    function permit2() external view returns (address);

    // ---------------------------------------------------------------------------------------------------- Actions

    /// @notice Deposits the caller's ether or tokens for either side or both, and opens the channel if it is new.
    /// @dev Anyone may call. The money then belongs to the parties of the channel.
    /// @param key The key of the channel
    /// @param amountA The amount for side A, in token units
    /// @param amountB The amount for side B, in token units; zero in a simplex channel
    function deposit(Key calldata key, uint112 amountA, uint112 amountB) external payable;

    /// @notice Deposits the ether sent by id alone, the cheapest way to open or fund a channel.
    /// @dev Anyone may call. Only ids of ether channels are accepted. The hub cannot check the key behind the id:
    /// ether sent to an id without a known key cannot be recovered.
    /// @param id The id of the channel
    /// @param sideB True to credit side B, false to credit side A
    function depositETH(bytes32 id, bool sideB) external payable;

    /// @notice Deposits tokens pulled by allowance, EIP-3009, EIP-2612 or Permit2, for one side or both.
    /// @dev Anyone may call; `Source.Allowance` spends the caller's own tokens. A part whose authorisation was already
    /// used is skipped, so that it does not block the other parts.
    /// @param key The key of the channel
    /// @param pulls The parts of the deposit
    function depositPulled(Key calldata key, Pull[] calldata pulls) external;

    /// @notice Closes a channel at co-signed final counters, and ends a running dispute.
    /// @dev Anyone may call; a party that calls does not need to sign. The message contains counters, not payouts, so
    /// that a deposit or a withdrawal that is mined first cannot make the call fail.
    /// @param key The key of a duplex channel
    /// @param sentA The final counter of A's direction
    /// @param sentB The final counter of B's direction
    /// @param signatureA A's signature under `Close(channelId, sentA, sentB)`
    /// @param signatureB B's signature under `Close(channelId, sentA, sentB)`
    function close(Key calldata key, uint128 sentA, uint128 sentB, bytes calldata signatureA, bytes calldata signatureB)
        external;

    /// @notice Pays a co-signed partial withdrawal from an open channel.
    /// @dev Anyone may call; a party that calls does not need to sign. Each withdrawal uses up one epoch.
    /// @param key The key of a duplex channel
    /// @param outA The amount paid to A
    /// @param outB The amount paid to B
    /// @param validUntil The last second of the consent, in Unix seconds
    /// @param signatureA A's signature under `Withdraw(channelId, outA, outB, epoch, validUntil)`
    /// @param signatureB B's signature under `Withdraw(channelId, outA, outB, epoch, validUntil)`
    function withdraw(
        Key calldata key,
        uint128 outA,
        uint128 outB,
        uint48 validUntil,
        bytes calldata signatureA,
        bytes calldata signatureB
    ) external;

    /// @notice Moves co-signed money from one channel into another with the same token, without a token transfer.
    /// @dev Anyone may call; a party that calls does not need to sign. Each move uses up one epoch of `from`.
    /// @param from The key of the duplex channel that pays; its parties sign
    /// @param to The key of the channel that receives; opened if it is new
    /// @param amounts The amounts `[outA, outB, inA, inB]`; `outA + outB` must equal `inA + inB`
    /// @param validUntil The last second of the consent, in Unix seconds
    /// @param signatureA A's signature under `Move(fromId, toId, outA, outB, inA, inB, epoch, validUntil)`
    /// @param signatureB B's signature under `Move(fromId, toId, outA, outB, inA, inB, epoch, validUntil)`
    function move(
        Key calldata from,
        Key calldata to,
        uint256[4] calldata amounts,
        uint48 validUntil,
        bytes calldata signatureA,
        bytes calldata signatureB
    ) external;

    /// @notice Registers a session key of the caller: `Session(channelId, key, cap, validUntil, rights)` then needs no
    /// signature by the owner. Contract accounts use it, because they have no key of their own to sign counters with.
    /// @dev Anyone may call, for itself. The registration cannot be revoked before `validUntil`, because a receiver can
    /// rely only on a signer that cannot be revoked.
    /// @param channelId The channel that the session is for
    /// @param key The session key
    /// @param cap The highest cumulative amount that the key may sign
    /// @param validUntil The last second of the session, in Unix seconds
    /// @param rights The rights of the key: bit 0 pay, bit 1 start a close, bit 2 accept
    function registerSession(bytes32 channelId, address key, uint128 cap, uint48 validUntil, uint8 rights) external;

    /// @notice Starts a unilateral close of a duplex channel with the newest voucher received.
    /// @dev Only a party may call.
    /// @param key The key of the channel
    /// @param amount The counter of the voucher, zero for none
    /// @param signature The other party's signature of the voucher, or a session proof
    function startClose(Key calldata key, uint128 amount, bytes calldata signature) external;

    /// @notice Starts a unilateral close for a party by its session key.
    /// @dev Only a session key with the right to close may call.
    /// @param key The key of the channel
    /// @param forB True if the session belongs to B, false if it belongs to A
    /// @param session The session: `key(20) | cap(16) | validUntil(6) | rights(1) | owner signature`
    /// @param amount The counter of the voucher, zero for none
    /// @param signature The other party's signature of the voucher, or a session proof
    function startCloseAs(Key calldata key, bool forB, bytes calldata session, uint128 amount, bytes calldata signature)
        external;

    /// @notice Posts a higher voucher of one direction while the dispute is open.
    /// @dev Anyone may call.
    /// @param key The key of a duplex channel
    /// @param fromB True for B's direction, false for A's
    /// @param amount The counter of the voucher
    /// @param signature The sender's signature of the voucher, or a session proof
    function post(Key calldata key, bool fromB, uint128 amount, bytes calldata signature) external;

    /// @notice Posts a lock proof of one direction. A receiver that calls it on an open channel starts the dispute. A
    /// higher nonce replaces the whole claim, with all that was unlocked under it; a lower nonce is rejected.
    /// @dev The receiver may call, or anyone with the receiver's `Accept`. The window then lasts at least until
    /// `lastExpiry` and, unless the sender itself called, for one delay from now, because the sender may hold a newer
    /// proof. A direction can move the deadline at most two delays plus `maxLockDuration` past its first proof.
    /// @param key The key of the channel
    /// @param fromB True for B's direction, false for A's
    /// @param proof The proof
    /// @param accept The receiver's signature under `Accept(channelId, fromB, nonce, hash of the LockVoucher)`; ignored
    /// when the receiver calls
    function postLocks(Key calldata key, bool fromB, LockProof calldata proof, bytes calldata accept) external;

    /// @notice Resolves locks of the posted proof while the dispute is open. A lock that cannot be resolved, or is
    /// already resolved, is skipped.
    /// @dev Anyone may call to open hash locks. Voucher and contract locks can be resolved to less than their value:
    /// they need the receiver as the caller, whose choice is final, or its consent to this lock and this resolution.
    /// Among several consents the one with the highest payment counts.
    /// @param key The key of the channel
    /// @param fromB True for B's direction, false for A's
    /// @param limit The amount plus the locked sum of the posted proof
    /// @param openings For each lock, by increasing index:
    /// `index(1) | lock(53) | consentLength(2) | resolutionLength(3) | consent | resolution`. The lock is
    /// `amount(14) | expiry(6) | kind(1) | condition(32)`, its leaf is its keccak256. The consent is the receiver's
    /// signature under `Resolve(channelId, fromB, leaf, keccak256(resolution))`. The resolution of a hash lock (kind 0)
    /// is the 32-byte preimage; of a voucher lock (kind 1) `payer(20) | payee(20) | salt(32) | amount(16) | signature`;
    /// of a contract lock (kind 2) `condition(20) | termsLength(4) | terms | evidence`
    /// @param siblings The other nodes of the tree, level by level from the leaves, from left to right
    function unlock(Key calldata key, bool fromB, uint256 limit, bytes calldata openings, bytes32[] calldata siblings)
        external;

    /// @notice Pays both parties by the posted proofs after the window, and closes the channel.
    /// @dev Anyone may call.
    /// @param key The key of a duplex channel
    function settle(Key calldata key) external;

    /// @notice Pays a simplex payee for many channels in one call. Rows that are not payable are skipped.
    /// @dev Anyone may call.
    /// @param payee The payee of all the channels
    /// @param token The token of all the channels, zero for ether
    /// @param rows Rows of 116 bytes: `payer(20) | delay(4) openBefore(4) salt(8) | amount(16) | r(32) | vs(32)`, with
    /// an EIP-2098 signature by the payer
    /// @param sessionRows Rows of 223 bytes: a row as in `rows`, signed by a session key, then the payer's grant
    /// `key(20) | cap(16) | validUntil(6) | rights(1) | r(32) | vs(32)`, with r and vs zero for a registered session
    function claimVouchers(address payee, address token, bytes calldata rows, bytes calldata sessionRows) external;

    /// @notice Pays a simplex payee for one voucher.
    /// @dev Anyone may call.
    /// @param key The key of the channel
    /// @param amount The cumulative amount of the voucher
    /// @param signature The signature by the payer's key, or a session proof
    function claimVoucher(Key calldata key, uint128 amount, bytes calldata signature) external;

    /// @notice Closes a simplex channel immediately: the payee gets the voucher's amount, the payer the rest.
    /// @dev The payee may call, or anyone with the payee's signature.
    /// @param key The key of the channel
    /// @param amount The cumulative amount of the voucher; zero closes at the amount already claimed
    /// @param voucherSignature The payer's signature of the voucher, or a session proof
    /// @param payeeSignature The payee's signature under `Close(channelId, amount, 0)`; ignored when the payee calls
    function closeSimplex(
        Key calldata key,
        uint128 amount,
        bytes calldata voucherSignature,
        bytes calldata payeeSignature
    ) external;

    /// @notice Starts the payer's exit from a simplex channel. The payee can claim until the exit is executed.
    /// @dev Only the payer may call.
    /// @param key The key of the channel
    function requestExit(Key calldata key) external;

    /// @notice Pays a simplex payer the unclaimed money after the exit delay, and closes the channel.
    /// @dev Anyone may call.
    /// @param key The key of the channel
    function exit(Key calldata key) external;

    /// @notice Pays the amount that failed pushes left for the caller.
    /// @dev Anyone may call, for itself. The call reverts if the push fails again.
    /// @param token The token, zero for ether
    /// @param to The address to pay
    function withdrawPending(address token, address to) external;
}
