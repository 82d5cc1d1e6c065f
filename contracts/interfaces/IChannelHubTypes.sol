// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Types and events of `IChannelHub`
interface IChannelHubTypes {
    // ------------------------------------------------------------------------------------------------------ Types

    /// @notice Authorisation of one part of a pulled deposit.
    enum Source {
        /// @dev `transferFrom(msg.sender)` under the caller's own allowance. `data` is empty.
        Allowance,
        /// @dev EIP-3009 `receiveWithAuthorization` by the side's owner. The nonce is
        /// `keccak256(abi.encode(channelId, salt))`, which binds the authorisation to the channel.
        /// `data = abi.encode(bytes32 salt, uint256 validAfter, uint256 validBefore, bytes signature)`.
        Authorization,
        /// @dev EIP-2612 permit for the hub plus a `Deposit` message, both signed by the side's owner. `nonce` is any
        /// number that the owner has not used in a `Deposit` before. With an empty permit signature the existing
        /// allowance is used.
        /// `data = abi.encode(uint256 permitValue, uint256 permitDeadline, bytes permitSignature, uint48 validUntil,
        /// bytes depositSignature, uint256 nonce)`.
        Permit,
        /// @dev Permit2 `permitWitnessTransferFrom` by the side's owner, with the channel id as the witness.
        /// `data = abi.encode(uint256 nonce, uint256 deadline, bytes signature)`.
        Permit2
    }

    /// @notice One part of a pulled deposit.
    /// @param source The kind of authorisation
    /// @param sideB True to credit side B, false to credit side A; that side owns the tokens, except for `Allowance`
    /// @param amount The amount in token units
    /// @param data The authorisation data, encoded as described in `Source`
    struct Pull {
        Source source;
        bool sideB;
        uint112 amount;
        bytes data;
    }

    /// @notice A proof of one direction that carries conditional payments.
    /// @param amount The cumulative counter without the locks, in token units
    /// @param nonce The number of the proof: never zero, and greater with each lock proof of the direction
    /// @param locked The sum of the lock amounts
    /// @param lastExpiry The latest expiry among the locks, in Unix seconds
    /// @param locksRoot The Merkle root of the packed locks, see `IChannelHub.unlock`; zero without locks
    /// @param signature The signature by the sender's key, or a session proof
    struct LockProof {
        uint256 amount;
        uint256 nonce;
        uint256 locked;
        uint256 lastExpiry;
        bytes32 locksRoot;
        bytes signature;
    }

    // ----------------------------------------------------------------------------------------------------- Events

    /// @notice Emitted when money is credited to a channel.
    /// @param channelId The id of the channel
    /// @param nets The signed sums after the deposit: `uint111(netA) | uint111(netB) << 111`; for a simplex channel the
    /// deposit and the claimed amount
    event Deposited(bytes32 indexed channelId, uint256 nets);
    /// @notice Emitted when money leaves an open channel by a co-signed withdrawal or move.
    /// @param channelId The id of the channel
    /// @param nets The signed sums afterwards, encoded as in `Deposited`
    /// @param epoch The next epoch to sign
    event Withdrawn(bytes32 indexed channelId, uint256 nets, uint32 epoch);
    /// @notice Emitted when a challenge window (duplex) or an exit delay (simplex) is started or extended.
    /// @param channelId The id of the channel
    /// @param deadline The last second of the window, in Unix seconds
    event DisputeStarted(bytes32 indexed channelId, uint256 deadline);
    /// @notice Emitted when a plain counter is posted.
    /// @param channelId The id of the channel
    /// @param sents The counters afterwards: `sentA | sentB << 112`
    event CounterPosted(bytes32 indexed channelId, uint256 sents);
    /// @notice Emitted when a lock proof is posted for one direction.
    /// @param channelId The id of the channel
    /// @param fromB True for B's direction, false for A's
    /// @param nonce The nonce of the proof
    /// @param amount The cumulative counter of the proof without its locks
    /// @param locksRoot The Merkle root of the proof's locks
    event LocksPosted(bytes32 indexed channelId, bool fromB, uint256 nonce, uint256 amount, bytes32 locksRoot);
    /// @notice Emitted when locks of a direction are resolved.
    /// @param channelId The id of the channel
    /// @param fromB True for B's direction, false for A's
    /// @param claim The direction's claim word afterwards:
    /// `claimed(112) | resolved locks, one bit each(112) << 112 | latest(32) << 224`
    event Unlocked(bytes32 indexed channelId, bool fromB, uint256 claim);
    /// @notice Emitted when the preimage of a hash lock becomes public, so that a mediator can use it upstream.
    /// @param hashLock The SHA-256 hash in the lock
    /// @param preimage The preimage
    event PreimageRevealed(bytes32 indexed hashLock, bytes32 preimage);
    /// @notice Emitted when an account registers a session key. A registration is permanent.
    /// @param owner The account that registered the key
    /// @param channelId The channel that the session is for
    /// @param key The session key
    /// @param cap The highest cumulative amount that the key may sign
    /// @param validUntil The last second of the session, in Unix seconds
    /// @param rights The rights of the key, see `IChannelHub.registerSession`
    event SessionRegistered(
        address indexed owner, bytes32 indexed channelId, address key, uint128 cap, uint48 validUntil, uint8 rights
    );
    /// @notice Emitted when a channel is closed.
    /// @param channelId The id of the channel
    /// @param pays The payouts: `payA | payB << 128`
    event Closed(bytes32 indexed channelId, uint256 pays);
    /// @notice Emitted when the payee of a simplex channel is paid.
    /// @param channelId The id of the channel
    /// @param sent The cumulative amount paid
    event Claimed(bytes32 indexed channelId, uint256 sent);
    /// @notice Emitted when a push fails and the amount is credited to `pendingWithdrawals`.
    /// @param account The receiver of the payment
    /// @param token The token, zero for ether
    /// @param amount The amount in token units
    event PayoutDeferred(address indexed account, address indexed token, uint256 amount);
    /// @notice Emitted when an owed amount is collected.
    /// @param account The account that was owed the amount
    /// @param token The token, zero for ether
    /// @param to The address that was paid
    /// @param amount The amount in token units
    event PendingWithdrawn(address indexed account, address indexed token, address to, uint256 amount);
}
