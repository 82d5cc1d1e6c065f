// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IChannelHub} from "../interfaces/IChannelHub.sol";
import {Calldata} from "../lib/Calldata.sol";
import {Signatures} from "../lib/Signatures.sol";
import {Transfers} from "../lib/Transfers.sol";
import {Words} from "../lib/Words.sol";
import {Key} from "../types/Key.sol";
import {Slots} from "../types/Slots.sol";

/// @title Storage, signed messages and payouts shared by all parts of the hub
abstract contract HubBase is IChannelHub {
    /// @dev The storage of a channel, in words packed as described in `Slots`.
    /// @param slot0 The nets, the claim flags and the deadline
    /// @param slot1 The plain counters and the epoch
    /// @param fromA The claim of A's direction
    /// @param fromB The claim of B's direction
    struct Channel {
        uint256 slot0;
        uint256 slot1;
        Direction fromA;
        Direction fromB;
    }

    /// @dev The claim of one direction, in words packed as described in `Slots`.
    /// @param proof The proof word
    /// @param claim The claim word
    struct Direction {
        uint256 proof;
        uint256 claim;
    }

    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME_HASH = keccak256("layer2 ChannelHub");
    bytes32 private constant VERSION_HASH = keccak256("1");

    bytes32 internal constant VOUCHER_TYPE = keccak256("Voucher(bytes32 channelId,uint128 amount)");
    bytes32 internal constant CLOSE_TYPE = keccak256("Close(bytes32 channelId,uint128 sentA,uint128 sentB)");
    bytes32 internal constant SESSION_TYPE =
        keccak256("Session(bytes32 channelId,address key,uint128 cap,uint48 validUntil,uint8 rights)");

    /// @dev The last word of a signature that is a session proof.
    bytes32 internal constant SESSION_MAGIC = keccak256("layer2.session");
    /// @dev key(20) | cap(16) | validUntil(6) | rights(1)
    uint256 internal constant SESSION_HEAD = 43;
    uint256 internal constant RIGHT_TO_PAY = 1;
    uint256 internal constant RIGHT_TO_CLOSE = 2;
    uint256 internal constant RIGHT_TO_ACCEPT = 4;

    /// @dev The gas limit of a push: enough for smart wallets and proxied tokens, too little to leave no gas for the
    /// other payee.
    uint256 internal constant PUSH_GAS_ETH = 100_000;
    uint256 internal constant PUSH_GAS_TOKEN = 300_000;

    mapping(bytes32 id => Channel) internal _channels;
    /// @inheritdoc IChannelHub
    mapping(address account => mapping(address token => uint256)) public pendingWithdrawals;
    /// @inheritdoc IChannelHub
    mapping(address owner => mapping(uint256 word => uint256)) public depositNonces;
    /// @inheritdoc IChannelHub
    mapping(address owner => mapping(bytes32 structHash => bool)) public isRegistered;

    uint256 private immutable _CHAIN_ID;
    bytes32 private immutable _DOMAIN;
    address internal immutable _PERMIT2;
    /// @dev shortest delay(32) | longest delay(32) << 32 | longest duration of a lock << 64
    uint256 private immutable _BOUNDS;

    constructor(address permit2_, uint32 minDelay, uint32 maxDelay, uint32 maxLockDuration_) {
        // The longest dispute must keep its deadline below the tombstone value.
        if (minDelay > maxDelay || (2 * uint256(maxDelay) + maxLockDuration_) >> 31 != 0) {
            revert AmountOutOfRange(0, maxDelay, minDelay);
        }
        _CHAIN_ID = block.chainid;
        _DOMAIN = _buildDomain();
        _PERMIT2 = permit2_;
        _BOUNDS = (uint256(maxLockDuration_) << 64) | (uint256(maxDelay) << 32) | minDelay;
    }

    // ------------------------------------------------------------------------------------------------------ Views

    /// @inheritdoc IChannelHub
    function channelId(Key calldata key) external pure returns (bytes32) {
        return key.id();
    }

    /// @inheritdoc IChannelHub
    function channel(bytes32 id)
        external
        view
        returns (uint256 slot0, uint256 slot1, uint256 proofA, uint256 claimA, uint256 proofB, uint256 claimB)
    {
        Channel storage c = _channels[id];
        return (c.slot0, c.slot1, c.fromA.proof, c.fromA.claim, c.fromB.proof, c.fromB.claim);
    }

    /// @inheritdoc IChannelHub
    function domainSeparator() public view returns (bytes32) {
        return block.chainid == _CHAIN_ID ? _DOMAIN : _buildDomain();
    }

    /// @inheritdoc IChannelHub
    function delayBounds() public view returns (uint32 minimum, uint32 maximum) {
        uint256 bounds = _BOUNDS;
        return (uint32(bounds), uint32(bounds >> 32));
    }

    /// @inheritdoc IChannelHub
    function maxLockDuration() public view returns (uint32) {
        return uint32(_BOUNDS >> 64);
    }

    /// @inheritdoc IChannelHub
    function permit2() external view returns (address) {
        return _PERMIT2;
    }

    // --------------------------------------------------------------------------------------------------- Messages

    function _buildDomain() private view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPE, NAME_HASH, VERSION_HASH, block.chainid, address(this)));
    }

    function _digest(bytes32 structHash) internal view returns (bytes32 result) {
        bytes32 domain = domainSeparator();
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, hex"1901")
            mstore(add(m, 2), domain)
            mstore(add(m, 34), structHash)
            result := keccak256(m, 66)
        }
    }

    function _requireSigned(bytes32 structHash, address signer, bytes calldata signature) internal view {
        _requireValid(Signatures.isValid(_digest(structHash), signer, signature), signer);
    }

    function _requireValid(bool valid, address signer) private pure {
        if (!valid) revert InvalidSignature(signer);
    }

    /// @dev A caller consents by calling.
    function _requireConsent(bytes32 structHash, address signer, bytes calldata signature) internal view {
        if (msg.sender != signer) _requireSigned(structHash, signer, signature);
    }

    function _requireCaller(bool authorized) internal view {
        if (!authorized) revert UnauthorizedCaller(msg.sender);
    }

    function _requireNotExpired(uint256 validUntil) internal view {
        if (block.timestamp > validUntil) revert ExpiredConsent(block.timestamp, validUntil);
    }

    function _voucherHash(bytes32 id, uint256 amount) internal pure returns (bytes32) {
        return Words.hash(VOUCHER_TYPE, id, amount);
    }

    /// @dev Messages that others rely on later are signed by a key, because a contract could revoke its earlier
    /// confirmation.
    function _isSignedBy(bytes32 structHash, address key, bytes calldata signature) internal view returns (bool) {
        // recover() returns zero for an invalid signature, and the zero address signs nothing.
        return key != address(0) && Signatures.recover(_digest(structHash), signature) == key;
    }

    /// @dev `signature` is by the party's own key, or a session proof: session signature(64) | key(20) cap(16)
    /// validUntil(6) rights(1) | owner signature | SESSION_MAGIC(32).
    function _requireCounterSigned(
        bytes32 id,
        address signer,
        uint256 right,
        uint256 exposure,
        bytes32 structHash,
        bytes calldata signature
    ) internal view {
        if (_isSessionProof(signature)) {
            signer = _requireSession(id, signer, right, exposure, Calldata.slice(signature, 64, signature.length - 32));
        }
        _requireKey(structHash, signer, signature);
    }

    function _isSessionProof(bytes calldata signature) private pure returns (bool) {
        uint256 n = signature.length;
        return n >= 64 + SESSION_HEAD + 32 && bytes32(Calldata.load(signature, n - 32)) == SESSION_MAGIC;
    }

    /// @dev The first part of a session proof is the signature.
    function _requireKey(bytes32 structHash, address key, bytes calldata signature) private view {
        if (_isSessionProof(signature)) signature = Calldata.slice(signature, 0, 64);
        _requireValid(_isSignedBy(structHash, key, signature), key);
    }

    /// @dev A truncated session is rejected, because the remaining bytes do not have the length of a signature.
    /// @param session key(20) | cap(16) | validUntil(6) | rights(1) | owner signature
    function _requireSession(bytes32 id, address owner, uint256 right, uint256 exposure, bytes calldata session)
        internal
        view
        returns (address key)
    {
        uint256 cap;
        uint256 validUntil;
        uint256 rights;
        (key, cap, validUntil, rights) = _grantOf(session);
        if (rights & right == 0) revert SessionExceeded(key, rights, right);
        if (exposure > cap) revert SessionExceeded(key, cap, exposure);
        _requireNotExpired(validUntil);
        _requireValid(key != address(0) && _isNamed(id, owner, session), owner);
    }

    /// @dev Decodes the head of a session.
    function _grantOf(bytes calldata session)
        internal
        pure
        returns (address key, uint256 cap, uint256 validUntil, uint256 rights)
    {
        key = address(uint160(Calldata.load(session, 0) >> 96));
        uint256 tail = Calldata.load(session, 20);
        cap = tail >> 128;
        validUntil = uint48(tail >> 80);
        rights = uint8(tail >> 72);
    }

    /// @dev Accepts a session signed by the owner's key or, if its signature is empty, one that the owner has
    /// registered.
    function _isNamed(bytes32 id, address owner, bytes calldata session) internal view returns (bool) {
        (address key, uint256 cap, uint256 validUntil, uint256 rights) = _grantOf(session);
        bytes32 structHash = Words.hash(SESSION_TYPE, id, uint160(key), cap, validUntil, rights);
        if (session.length == SESSION_HEAD) return isRegistered[owner][structHash];
        unchecked {
            return _isSignedBy(structHash, owner, Calldata.slice(session, SESSION_HEAD, session.length));
        }
    }

    // ------------------------------------------------------------------------------------------------------ State

    function _directionOf(Channel storage c, bool fromB) internal pure returns (Direction storage d) {
        assembly ("memory-safe") {
            // The directions follow slot0 and slot1, two words each.
            d.slot := add(c.slot, add(2, shl(1, fromB)))
        }
    }

    /// @dev Every entry point for one kind of channel begins here.
    function _load(Key calldata key, bool simplex)
        internal
        view
        returns (bytes32 id, Channel storage c, uint256 slot0)
    {
        (id, c, slot0) = _read(key);
        if (key.isSimplex() != simplex) revert UnexpectedChannelMode(id);
    }

    function _read(Key calldata key) internal view returns (bytes32 id, Channel storage c, uint256 slot0) {
        id = key.id();
        c = _channels[id];
        slot0 = c.slot0;
    }

    function _requireAtMost(bytes32 id, uint256 have, uint256 need) internal pure {
        if (need > have) revert AmountOutOfRange(id, have, need);
    }

    /// @dev Requires a channel that is funded, not closed and without a dispute.
    function _requireOpen(bytes32 id, uint256 slot0) internal pure {
        _requireAlive(id, slot0);
        uint256 deadline = Slots.deadline(slot0);
        if (deadline != 0) revert DisputeRunning(id, deadline);
    }

    /// @dev Requires a channel that is funded and not closed.
    function _requireAlive(bytes32 id, uint256 slot0) internal pure {
        if (slot0 == 0) revert ChannelNotOpen(id);
        if (Slots.deadline(slot0) == Slots.CLOSED) revert ChannelClosed(id);
    }

    function _requireDisputeOpen(bytes32 id, uint256 slot0) internal view {
        uint256 deadline = _disputeDeadline(id, slot0);
        if (block.timestamp > deadline) revert DisputeNotOpen(id, block.timestamp, deadline);
    }

    function _requireDisputeOver(bytes32 id, uint256 slot0) internal view {
        uint256 deadline = _disputeDeadline(id, slot0);
        if (deadline == 0) revert DisputeNotOpen(id, block.timestamp, 0);
        if (block.timestamp <= deadline) revert DisputeNotOver(id, block.timestamp, deadline);
    }

    function _disputeDeadline(bytes32 id, uint256 slot0) private pure returns (uint256 deadline) {
        deadline = Slots.deadline(slot0);
        if (deadline == Slots.CLOSED) revert ChannelClosed(id);
    }

    /// @dev Clamps the delay, because ether can be deposited by id alone, without a check of the key.
    function _delayOf(uint256 params) internal view returns (uint256 delay) {
        delay = uint32(params >> 96);
        (uint256 minimum, uint256 maximum) = delayBounds();
        if (delay < minimum) delay = minimum;
        if (delay > maximum) delay = maximum;
    }

    function _deadlineFromNow(Key calldata key) internal view returns (uint256) {
        unchecked {
            return block.timestamp + _delayOf(key.params);
        }
    }

    function _requireWhole(bool whole, bytes calldata rows) internal pure {
        if (!whole) revert MalformedRows(rows.length);
    }

    function _noteDispute(bytes32 id, uint256 deadline) internal {
        emit DisputeStarted(id, deadline);
    }

    // ---------------------------------------------------------------------------------------------------- Payouts

    /// @dev An id cannot be opened after `openBefore`, so a zeroed slot is then as final as a tombstone.
    function _end(Channel storage c, Key calldata key, bytes32 id, uint256 payA, uint256 payB) internal {
        c.slot0 = block.timestamp > key.openBefore() ? 0 : Slots.CLOSED << 224;
        emit Closed(id, payA | (payB << 128));
        _push(key.asset(), key.party(false), payA);
        _push(key.asset(), key.party(true), payB);
    }

    /// @dev Never reverts because of the receiver or the token: an amount that cannot be pushed is owed.
    function _push(address token, address to, uint256 amount) internal {
        if (amount == 0) return;
        uint256 cap = token == address(0) ? PUSH_GAS_ETH : PUSH_GAS_TOKEN;
        uint256 before = gasleft();
        if (Transfers.tryPush(token, to, amount, cap)) return;
        // A caller must not turn a payout into a debt by supplying too little gas.
        uint256 need = (cap * 64) / 63 + 50_000;
        if (before < need) revert InsufficientGas(before, need);
        pendingWithdrawals[to][token] += amount;
        emit PayoutDeferred(to, token, amount);
    }
}
