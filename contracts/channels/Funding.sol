// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IChannelHub} from "../interfaces/IChannelHub.sol";
import {IERC2612, IPermit2} from "../interfaces/IPulls.sol";
import {Calldata} from "../lib/Calldata.sol";
import {Transfers} from "../lib/Transfers.sol";
import {Key} from "../types/Key.sol";
import {Slots} from "../types/Slots.sol";
import {HubBase} from "./HubBase.sol";

/// @title Deposits: by value, by allowance, by EIP-3009, EIP-2612 and Permit2
/// @dev A token deposit counts only if the hub's balance grew by exactly what is credited. While it is measured no
/// other deposit may run, else one transfer could be credited twice.
abstract contract Funding is HubBase {
    bytes32 private constant DEPOSIT_TYPE =
        keccak256("Deposit(bytes32 channelId,uint128 amount,uint256 nonce,uint48 validUntil)");
    /// @dev The witness that binds a Permit2 signature to a channel.
    bytes32 private constant WITNESS_TYPE = keccak256("Deposit(bytes32 channelId)");
    bytes private constant WITNESS_TYPE_STRING =
        "Deposit witness)Deposit(bytes32 channelId)TokenPermissions(address token,uint256 amount)";

    /// @dev receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)
    bytes4 private constant RECEIVE_SPLIT = 0xef55bec6;
    /// @dev receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)
    bytes4 private constant RECEIVE_BYTES = 0x88b7ab63;

    bool private transient _pulling;

    modifier whilePulling() {
        if (_pulling) revert Reentered();
        _pulling = true;
        _;
        _pulling = false;
    }

    /// @inheritdoc IChannelHub
    function depositETH(bytes32 id, bool sideB) external payable {
        uint256 tail = uint256(id);
        if (tail & 1 != 0) revert ChannelModeWrong(id);
        (uint256 amountA, uint256 amountB) = sideB ? (uint256(0), msg.value) : (msg.value, uint256(0));
        Channel storage c = _channels[id];
        uint256 slot0 = c.slot0;
        if (slot0 == 0) _requireOpenable(id);
        _credit(c, id, slot0, tail & 2 != 0, amountA, amountB);
    }

    /// @inheritdoc IChannelHub
    function deposit(Key calldata key, uint112 amountA, uint112 amountB) external payable {
        bytes32 id = key.id();
        uint256 total;
        unchecked {
            total = uint256(amountA) + amountB;
        }
        address token = key.token;
        uint256 due = token == address(0) ? total : 0;
        if (msg.value != due) revert ValueMismatch(msg.value, due);
        if (token != address(0)) _pullAllowance(token, total);
        Channel storage c = _channels[id];
        uint256 slot0 = c.slot0;
        _requireNew(key, id, slot0);
        _credit(c, id, slot0, key.isSimplex(), amountA, amountB);
    }

    /// @inheritdoc IChannelHub
    function depositPulled(Key calldata key, Pull[] calldata pulls) external whilePulling {
        bytes32 id = key.id();
        Channel storage c = _channels[id];
        _requireNew(key, id, c.slot0);
        uint256 held = Transfers.balance(key.token);
        uint256 amountA = 0;
        uint256 amountB = 0;
        for (uint256 i; i < pulls.length; ++i) {
            Pull calldata part = pulls[i];
            uint256 amount = part.amount;
            _pull(key.token, part.sideB ? key.b : key.a, id, part, amount);
            uint256 holds = Transfers.balance(key.token);
            // An authorisation that a stranger has used before was credited then: it must not stop the other side.
            if (holds == held && part.source != Source.Allowance) continue;
            _requireGrown(key.token, held, holds, amount);
            if (part.source == Source.Permit) _useDepositNonce(part.sideB ? key.b : key.a, part);
            held = holds;
            unchecked {
                if (part.sideB) amountB += amount;
                else amountA += amount;
            }
        }
        // Read again: a token's hook may have closed or disputed the channel meanwhile.
        _credit(c, id, c.slot0, key.isSimplex(), amountA, amountB);
    }

    /// @dev Adds to the nets. Shared with `move`.
    function _credit(Channel storage c, bytes32 id, uint256 slot0, bool simplex, uint256 amountA, uint256 amountB)
        internal
    {
        if (Slots.deadline(slot0) != 0) _requireOpen(id, slot0);
        if (amountA | amountB == 0) revert AmountOutOfRange(id, 0, 1);
        uint256 word;
        if (simplex) {
            if (amountB != 0) revert ChannelModeWrong(id);
            uint256 net = (slot0 & Slots.MASK111) + amountA;
            _requireAtMost(id, Slots.MAX_NET, net);
            word = (slot0 & ~Slots.MASK111) | net;
        } else {
            // Above 2^110 the sums below could leave 256 bits or int111.
            _requireAtMost(id, Slots.MAX_NET, amountA | amountB);
            (int256 netA, int256 netB) = Slots.nets(slot0);
            unchecked {
                netA += int256(amountA);
                netB += int256(amountB);
            }
            if (netA > 0) _requireAtMost(id, Slots.MAX_NET, uint256(netA));
            if (netB > 0) _requireAtMost(id, Slots.MAX_NET, uint256(netB));
            word = Slots.packNets(netA, netB);
        }
        c.slot0 = word;
        emit Deposited(id, word);
    }

    /// @dev `openBefore` is read from the id itself.
    function _requireOpenable(bytes32 id) internal view {
        uint256 openBefore = uint32(uint256(id) >> 8);
        if (block.timestamp > openBefore) revert OpeningExpired(id, block.timestamp, openBefore);
    }

    /// @dev Nothing to check once the channel holds money.
    function _requireNew(Key calldata key, bytes32 id, uint256 slot0) internal view {
        if (slot0 != 0) return;
        uint256 delay = key.delay();
        if (
            key.a == key.b || key.a == address(0) || key.b == address(0) || key.params >> 129 != 0 || delay < _MIN_DELAY
                || delay > _MAX_DELAY
        ) revert KeyInvalid(id);
        _requireOpenable(id);
    }

    // ------------------------------------------------------------------------------------------------------ Pulls

    function _pullAllowance(address token, uint256 amount) private whilePulling {
        uint256 before = Transfers.balance(token);
        Transfers.tryPull(token, msg.sender, amount);
        _requireGrown(token, before, Transfers.balance(token), amount);
    }

    /// @dev The balance is the only judge: answers of tokens are not trusted either way.
    function _requireGrown(address token, uint256 before, uint256 afterwards, uint256 need) private pure {
        uint256 received;
        unchecked {
            // A balance that fell wraps around: it equals no amount that can be credited.
            received = afterwards - before;
        }
        if (received != need) revert TransferShort(token, received, need);
    }

    function _pull(address token, address owner, bytes32 id, Pull calldata part, uint256 amount) private {
        Source source = part.source;
        if (source == Source.Allowance) {
            Transfers.tryPull(token, msg.sender, amount);
        } else if (source == Source.Authorization) {
            _pullAuthorized(token, owner, id, part, amount);
        } else if (source == Source.Permit) {
            _pullPermitted(token, owner, id, part, amount);
        } else {
            _pullPermit2(token, owner, id, part, amount);
        }
    }

    /// @dev ABI encoding of `permitWitnessTransferFrom` by hand: static structs lie flat in the ten head words, the
    /// witness type string has 88 bytes and is padded to 96.
    function _pullPermit2(address token, address owner, bytes32 id, Pull calldata part, uint256 amount) private {
        bytes calldata signature = Calldata.bytesAt(part.data, 2);
        bytes memory head = abi.encode(
            token,
            amount,
            Calldata.wordAt(part.data, 0),
            Calldata.wordAt(part.data, 1),
            address(this),
            amount,
            owner,
            keccak256(abi.encode(WITNESS_TYPE, id))
        );
        bytes memory tail = abi.encode(uint256(320), uint256(320 + 32 + 96), uint256(88));
        Transfers.tryCall(
            _PERMIT2,
            bytes.concat(
                IPermit2.permitWitnessTransferFrom.selector,
                head,
                tail,
                WITNESS_TYPE_STRING,
                bytes8(0),
                abi.encode(signature.length),
                signature
            )
        );
    }

    /// @dev The nonce binds the authorisation to the channel; the token sees to it that it is used once.
    function _pullAuthorized(address token, address owner, bytes32 id, Pull calldata part, uint256 amount) private {
        bytes calldata signature = Calldata.bytesAt(part.data, 3);
        bytes memory head = abi.encode(
            owner,
            address(this),
            amount,
            Calldata.wordAt(part.data, 1),
            Calldata.wordAt(part.data, 2),
            keccak256(abi.encode(id, Calldata.wordAt(part.data, 0)))
        );
        if (signature.length == 65) {
            (uint8 v, bytes32 r, bytes32 s) = _split(signature);
            Transfers.tryCall(token, bytes.concat(RECEIVE_SPLIT, head, abi.encode(v, r, s)));
        } else {
            bytes memory tail = abi.encode(uint256(7 * 32), signature.length);
            Transfers.tryCall(token, bytes.concat(RECEIVE_BYTES, head, tail, signature));
        }
    }

    /// @dev A permit alone does not name this channel, and an allowance may outlive it: the owner also signs a
    /// `Deposit`, which counts once. Its nonce is used up with the money's arrival only.
    function _pullPermitted(address token, address owner, bytes32 id, Pull calldata part, uint256 amount) private {
        uint256 nonce = Calldata.wordAt(part.data, 5);
        if ((depositNonces[owner][nonce >> 8] >> (nonce & 255)) & 1 != 0) return;
        uint256 validUntil = Calldata.wordAt(part.data, 3);
        _requireNotExpired(validUntil);
        bytes32 structHash = keccak256(abi.encode(DEPOSIT_TYPE, id, amount, nonce, validUntil));
        _requireSigned(structHash, owner, Calldata.bytesAt(part.data, 4));
        bytes calldata permitSignature = Calldata.bytesAt(part.data, 2);
        if (permitSignature.length == 65) {
            (uint8 v, bytes32 r, bytes32 s) = _split(permitSignature);
            // Somebody may have used the permit already: then the allowance stands and the pull succeeds.
            Transfers.tryCall(
                token,
                abi.encodeWithSelector(
                    IERC2612.permit.selector,
                    owner,
                    address(this),
                    Calldata.wordAt(part.data, 0),
                    Calldata.wordAt(part.data, 1),
                    v,
                    r,
                    s
                )
            );
        }
        Transfers.tryPull(token, owner, amount);
    }

    function _useDepositNonce(address owner, Pull calldata part) private {
        uint256 nonce = Calldata.wordAt(part.data, 5);
        depositNonces[owner][nonce >> 8] |= 1 << (nonce & 255);
    }

    function _split(bytes calldata signature) private pure returns (uint8 v, bytes32 r, bytes32 s) {
        assembly ("memory-safe") {
            r := calldataload(signature.offset)
            s := calldataload(add(signature.offset, 32))
            v := byte(0, calldataload(add(signature.offset, 64)))
        }
    }
}
